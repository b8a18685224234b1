import type { TObject } from '@sinclair/typebox';
import type { FieldNotes, Problem } from '../../core/connector-type.ts';
import { MASK } from '../../core/mask.ts';

interface Node extends FieldNotes {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

/** `configs` with every sensitive value masked; without a schema (the type is gone) every value is. */
export const maskConfigs = (schema: TObject | undefined, configs: Readonly<Record<string, unknown>>): unknown =>
  mapSecrets((schema as Node | undefined) ?? { secret: true }, configs, () => MASK);

/** `secrets` with every plain text masked: with Pulsar's default provider the text is the secret. References (objects) are shown. */
export const maskSecrets = (secrets: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, typeof value === 'string' ? MASK : value]));

/** `given` with every mask replaced by what is stored at the same place. A mask that stands for nothing is a problem. */
export const unmaskConfigs = (
  schema: TObject,
  given: Readonly<Record<string, unknown>>,
  stored: Readonly<Record<string, unknown>> | undefined,
): { readonly configs: Readonly<Record<string, unknown>>; readonly problems: readonly Problem[] } => {
  const problems: Problem[] = [];
  const configs = mapSecrets(schema as Node, given, (value, path) => {
    if (value !== MASK) return value;
    const before = valueAt(stored, path);
    if (before === undefined) problems.push({ path: `/configs/${path.join('/')}`, message: MASK_WITHOUT_VALUE });
    return before;
  });
  return { configs: configs as Record<string, unknown>, problems };
};

/** `given` secrets with every mask replaced by what is stored. */
export const unmaskSecrets = (
  given: Readonly<Record<string, unknown>>,
  stored: Readonly<Record<string, unknown>> | undefined,
): { readonly secrets: Readonly<Record<string, unknown>>; readonly problems: readonly Problem[] } => {
  const problems: Problem[] = [];
  const entries = Object.entries(given).map(([name, value]) => {
    if (value !== MASK) return [name, value] as const;
    const before = valueAt(stored, [name]);
    if (before === undefined) problems.push({ path: `/secrets/${name}`, message: MASK_WITHOUT_VALUE });
    return [name, before] as const;
  });
  return { secrets: Object.fromEntries(entries), problems };
};

const MASK_WITHOUT_VALUE = 'is the mask that GET shows, and no value is stored that it could stand for; send the value';

type Change = (value: unknown, path: readonly string[]) => unknown;

/** Applies `change` to every leaf that the schema marks as secret. */
const mapSecrets = (node: Node, value: unknown, change: Change, path: readonly string[] = []): unknown => {
  if (Array.isArray(value)) {
    const child = node.secret ? node : node.items;
    return child ? value.map((each, index) => mapSecrets(child, each, change, [...path, String(index)])) : value;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => {
      const child = childOf(node, key);
      return [key, child ? mapSecrets(child, each, change, [...path, key]) : each] as const;
    });
    return Object.fromEntries(entries);
  }
  return node.secret && value !== null && value !== '' ? change(value, path) : value;
};

const childOf = (node: Node, key: string): Node | undefined => {
  if (node.secret) return node;
  if (node.properties && Object.hasOwn(node.properties, key)) return node.properties[key];
  return Object.values(node.patternProperties ?? {})[0];
};

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    value,
  );
