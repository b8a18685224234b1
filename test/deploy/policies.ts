/** A part of a CloudFormation template that resolves to a text. */
type Text = string | { readonly 'Fn::Sub': string } | { readonly 'Fn::GetAtt': readonly [string, string] };

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: Text | readonly Text[];
  readonly Condition?: Condition;
}

interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

/** The part of a template that this looks at. */
export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>>;
}

/** A permission for more than one resource. */
export interface WidePermission {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

const VALUES: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '123456789012',
};

const textOf = (text: Text): string => {
  if (typeof text === 'string') return text;
  if ('Fn::Sub' in text)
    return text['Fn::Sub'].replaceAll(/\$\{([\w:]+)\}/g, (_, name: string) => VALUES[name] ?? name);
  return `arn:aws:sqs:us-east-1:123456789012:${text['Fn::GetAtt'][0]}`;
};

/** Documents of the policies of all roles of functions, by name, with every text resolved. */
export const policiesOf = ({ Resources }: Template): Readonly<Record<string, PolicyDocument>> => {
  const documents = Object.entries(Resources).flatMap(([name, { Type, Properties }]): [string, PolicyDocument][] => {
    if (Type === 'AWS::IAM::ManagedPolicy') return [[name, Properties.PolicyDocument as PolicyDocument]];
    if (Type !== 'AWS::IAM::Role') return [];
    const policies = Properties.Policies as readonly { PolicyName: string; PolicyDocument: PolicyDocument }[];
    return policies.map(({ PolicyName, PolicyDocument }) => [`${name}/${PolicyName}`, PolicyDocument]);
  });
  return Object.fromEntries(documents.map(([name, document]) => [name, resolved(document)]));
};

const resolved = ({ Version, Statement }: PolicyDocument): PolicyDocument => ({
  Version,
  Statement: Statement.map((it) => ({ ...it, Resource: list(it.Resource).map(textOf), ...conditionOf(it) })),
});

type Condition = Readonly<Record<string, Readonly<Record<string, Text | readonly Text[]>>>>;

const conditionOf = ({ Condition }: Statement): { Condition?: Condition } => {
  if (!Condition) return {};
  const texts = (values: Condition[string]) =>
    Object.fromEntries(Object.entries(values).map(([key, given]) => [key, list(given).map(textOf)]));
  return { Condition: Object.fromEntries(Object.entries(Condition).map(([test, values]) => [test, texts(values)])) };
};

/** What is allowed with a `*` in its action or resource; names that differ between deployments are written as words. */
export const widePermissions = (
  policies: Readonly<Record<string, PolicyDocument>>,
  words: readonly (readonly [RegExp, string])[],
): WidePermission[] =>
  Object.entries(policies).flatMap(([role, { Statement }]) =>
    Statement.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) =>
        list(Resource)
          .map((resource) => words.reduce((text, [name, word]) => text.replace(name, word), textOf(resource)))
          .filter((resource) => action.includes('*') || resource.includes('*'))
          .map((resource) => ({ role, action, resource })),
      ),
    ),
  );
