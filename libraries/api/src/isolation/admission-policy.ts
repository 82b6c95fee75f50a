/** The rules of isolation as parts of a ValidatingAdmissionPolicy, so that the API server refuses what the operator would. */
import { conditionOf, type IsolationRule } from './rule.ts';
import { ISOLATION_RULES } from './rules.ts';
import { SUBJECTS } from './subjects.ts';

export interface PolicyVariable {
  readonly name: string;
  readonly expression: string;
}

export interface PolicyValidation {
  readonly expression: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly reason: 'Forbidden';
}

export interface PolicyRules {
  readonly matchConditions: readonly PolicyVariable[];
  readonly variables: readonly PolicyVariable[];
  readonly validations: readonly PolicyValidation[];
}

/** What rules read of a job. */
const READ = [
  'metadata.labels',
  'spec.coordinator',
  'spec.parameterServers',
  'spec.workers',
  'spec.runPolicy',
];

/** To follow the variables of the settings; see `isolationVariables`. */
export function policyRules(): PolicyRules {
  return {
    // What was stored before may still be suspended, resumed and deleted: the operator makes no pods for it.
    matchConditions: [{ name: 'isolation-may-change', expression: changed() }],
    variables: Object.entries(SUBJECTS).map(([name, expression]) => ({ name, expression })),
    validations: ISOLATION_RULES.map(validation),
  };
}

function changed(): string {
  const value = (object: string, path: string): string => `(has(${object}.${path}) ? ${object}.${path} : {})`;
  const parts = READ.map((path) => `${value('object', path)} != ${value('oldObject', path)}`);
  return ["request.operation == 'CREATE'", ...parts].join(' || ');
}

function validation(rule: IsolationRule): PolicyValidation {
  const { subject, field, problem, remedy } = rule;
  const condition = conditionOf(rule);
  const expression = `variables.${subject}.all(one, ${condition})`;
  const ending = `${problem}. ${remedy}`;
  const reason = 'Forbidden';
  if (subject === 'jobs') return { expression, message: `${field}: ${ending}`, reason };
  const below = field === '' ? '' : `.${field}`;
  const where = `string(variables.${subject}.filter(one, !(${condition}))[0].at)`;
  return {
    expression,
    message: `${subject} of templates${below}: ${ending}`,
    messageExpression: `${where} + ${quoted(`${below}: ${ending}`)}`,
    reason,
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
