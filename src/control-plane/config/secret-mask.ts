import type { TObject } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { mapSecrets } from '../../core/map-secrets.ts';
import { MASK } from '../../core/mask.ts';

/** `configs` with every sensitive value masked; without a schema (the type is gone) every value is. */
export const maskConfigs = (schema: TObject | undefined, configs: Readonly<Record<string, unknown>>): unknown =>
  mapSecrets(schema ?? { secret: true }, configs, () => MASK);

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
  const configs = mapSecrets(schema, given, (value, path) => {
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

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    value,
  );
