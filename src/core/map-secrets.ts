import type { TObject } from '@sinclair/typebox';
import type { FieldNotes } from './connector-type.ts';

interface Node extends FieldNotes {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

type Change = (value: unknown, path: readonly string[]) => unknown;

/** A copy of a connector's `configs` with `change` applied to every leaf that the schema of the type, or a node that stands for all of it, marks as secret. */
export const mapSecrets = (schema: TObject | FieldNotes, configs: unknown, change: Change): unknown =>
  mapped(schema as Node, configs, change);

const mapped = (node: Node, value: unknown, change: Change, path: readonly string[] = []): unknown => {
  if (Array.isArray(value)) {
    const child = node.secret ? node : node.items;
    return child ? value.map((each, index) => mapped(child, each, change, [...path, String(index)])) : value;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => {
      const child = childOf(node, key);
      return [key, child ? mapped(child, each, change, [...path, key]) : each] as const;
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
