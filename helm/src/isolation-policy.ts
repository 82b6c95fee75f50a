/** The rules of isolation for the API server: for the chart's policy, and as a policy in manifests/. */
import {
  API_VERSION,
  DEFAULT_ISOLATION,
  isolationVariables,
  PLURAL,
  policyRules,
  type PolicyRules,
} from '@wsi-operator/api';

const NAME = 'wsi-system.wsi-operator';
const LABELS = { 'app.kubernetes.io/name': 'wsi-operator', 'app.kubernetes.io/part-of': 'wsi-operator' };
const POLICY_VERSION = 'admissionregistration.k8s.io/v1';

type Manifest = Readonly<Record<string, unknown>>;

/** What the chart's template puts the settings into. */
export function isolationRules(): PolicyRules & Manifest {
  const rules = policyRules();
  const [apiGroup, apiVersion] = API_VERSION.split('/');
  const resourceRule = {
    apiGroups: [apiGroup],
    apiVersions: [apiVersion],
    operations: ['CREATE', 'UPDATE'],
    resources: [PLURAL],
  };
  const jobNamespace = { name: 'jobNamespace', expression: 'request.namespace' };
  return {
    matchConstraints: { resourceRules: [resourceRule] },
    ...rules,
    variables: [jobNamespace, ...rules.variables],
  };
}

/** Path from the repository's root -> objects. */
export function isolationManifests(): ReadonlyMap<string, readonly Manifest[]> {
  const metadata = { name: NAME, labels: LABELS };
  const { variables, ...rules } = isolationRules();
  const { jobNamespace: _ofRequests, ...settings } = isolationVariables(
    DEFAULT_ISOLATION,
    { gang: 'none' },
    '',
  );
  const constants = Object.entries(settings).map(([name, value]) => ({
    name,
    expression: JSON.stringify(value),
  }));
  const policy = {
    apiVersion: POLICY_VERSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: { failurePolicy: 'Fail', ...rules, variables: [...constants, ...variables] },
  };
  const binding = {
    apiVersion: POLICY_VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: NAME, validationActions: ['Deny'] },
  };
  return new Map([['manifests/base/isolation.yaml', [policy, binding]]]);
}
