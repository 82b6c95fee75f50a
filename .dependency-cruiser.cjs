/**
 * The architecture as rules: see docs/architecture.md. They hold for tests as well, where a rule does not say otherwise.
 */
const TEST = '\\.test\\.(ts|mjs)$';
/** It plays gangs and autoscaling through together, which meet in the plan alone: no room is both. */
const QUEUE_PROOF = '^operator/src/autoscaling/queue-proof\\.test\\.ts$';
/** It needs the number of pods that every gang starts with as its measure. */
const STARTUP = '^operator/src/plan/startup-policy\\.test\\.ts$';
/** It holds predictions against what the coordinator's own evaluation says of the same slides. */
const PREDICTIONS = '^trainer/src/prediction/predictor\\.test\\.ts$';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'operator-without-tensorflow',
      comment: 'The operator schedules; it never computes.',
      severity: 'error',
      from: { path: '^operator/' },
      to: { path: '@tensorflow|^libraries/(engine|slides)/|^trainer/', reachable: true },
    },
    {
      name: 'trainer-without-kubernetes',
      comment: 'The trainer runs anywhere; it knows no cluster.',
      severity: 'error',
      from: { path: '^(trainer|libraries/(engine|slides|cohort|report|statistics))/' },
      to: { path: '@kubernetes/client-node|^operator/', reachable: true },
    },
    {
      name: 'plan-without-cluster',
      comment:
        'The plan is a pure function of its own input types; clusters and the loop use those, never the reverse. A test of it may play its plans through with what carries them out.',
      severity: 'error',
      from: { path: '^operator/src/plan/', pathNot: TEST },
      to: { path: '^operator/src/(cluster|loop|progress|service)/', reachable: true },
    },
    {
      name: 'rooms-below-the-plan',
      comment:
        'A job, its objects, gangs and autoscaling are what a plan is made with; they know of no plan. Their tests may look at the plan that comes of them.',
      severity: 'error',
      from: { path: '^operator/src/(job|objects|gangs|autoscaling)/(?!testing/)', pathNot: TEST },
      to: { path: '^operator/src/(plan|cluster|loop|progress|service)/' },
    },
    {
      name: 'objects-below-gangs-and-autoscaling',
      comment: 'What a job is (job/), then its objects, then gangs and autoscaling: no circles.',
      severity: 'error',
      from: { path: '^operator/src/(job|objects)/' },
      to: { path: '^operator/src/(gangs|autoscaling)/' },
    },
    {
      name: 'job-below-objects',
      severity: 'error',
      from: { path: '^operator/src/job/' },
      to: { path: '^operator/src/objects/' },
    },
    {
      name: 'gangs-behind-their-door',
      comment:
        'From outside only index.ts: one function, and the resources of the API server that gangs work with.',
      severity: 'error',
      from: { path: '^(?!operator/src/gangs/)', pathNot: [QUEUE_PROOF, STARTUP] },
      to: { path: '^operator/src/gangs/(?!index\\.ts|testing/)' },
    },
    {
      name: 'autoscaling-behind-its-door',
      comment:
        'From outside only index.ts: one function, and the types of its answers. Gangs and autoscaling meet in the plan alone.',
      severity: 'error',
      from: { path: '^(?!operator/src/autoscaling/)' },
      to: { path: '^operator/src/autoscaling/(?!index\\.ts)' },
    },
    {
      name: 'gangs-and-autoscaling-apart',
      severity: 'error',
      from: { path: '^operator/src/(gangs|autoscaling)/', pathNot: QUEUE_PROOF },
      to: { path: '^operator/src/(gangs|autoscaling)/', pathNot: '^operator/src/$1/' },
    },
    {
      name: 'coordinator-behind-its-door',
      comment: 'Workers, servers and predictions share the plan with the coordinator, and nothing else.',
      severity: 'error',
      from: { path: '^trainer/src/(?!coordinator/|testing/|index\\.ts|role\\.ts)', pathNot: PREDICTIONS },
      to: { path: '^trainer/src/coordinator/' },
    },
    {
      name: 'product-without-testing',
      comment:
        'The images leave folders named testing out: only tests, suites and development tools import from one.',
      severity: 'error',
      from: { path: '^(operator|trainer|cli|libraries|tools/setup)/', pathNot: `${TEST}|/testing/` },
      to: { path: '/testing/', pathNot: '(^|/)node_modules/(?!@wsi-operator/)' },
    },
    {
      name: 'packages-by-name',
      comment:
        "A package uses another by the names that the other's package.json exports. `cli/bin` is the exception: it starts the set-up before packages are installed.",
      severity: 'error',
      from: { path: '^((?:libraries/|tools/)?[^/]+)/', pathNot: '^cli/bin/' },
      to: {
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased-workspace'],
        pathNot: ['^$1/', '^node_modules/'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Packages of others are seen, so that the rules that forbid them hold, but not read.
    exclude: { path: '(^|/)output/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
