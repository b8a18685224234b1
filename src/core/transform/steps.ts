import { compute } from './compute.ts';
import { changePart, type Fields, fieldList, isFields, pairs, partOf, refuseOthers, textSetting } from './settings.ts';
import type { MakeStep, TransformRecord } from './transform.ts';
import { asText, CAST_TYPES, castTo } from './values.ts';

const dropFields: MakeStep = ({ fields, part, ...others }) => {
  refuseOthers(others, 'fields, part, when');
  const dropped = new Set(fieldList(fields, 'fields'));
  const without = (of: Fields): Fields => Object.fromEntries(Object.entries(of).filter(([name]) => !dropped.has(name)));
  return changePart(partOf(part), (of) => (isFields(of) ? without(of) : of));
};

const renameFields: MakeStep = ({ renames, part, ...others }) => {
  refuseOthers(others, 'renames, part, when');
  const names = pairs(renames, 'renames', 'old:new');
  const renamed = (of: Fields): Fields => {
    const taken = new Set(Object.keys(of).flatMap((name) => names.get(name) ?? []));
    const kept = Object.entries(of).filter(([name]) => names.has(name) || !taken.has(name));
    return Object.fromEntries(kept.map(([name, value]) => [names.get(name) ?? name, value]));
  };
  return changePart(partOf(part), (of) => (isFields(of) ? renamed(of) : of));
};

const maskFields: MakeStep = ({ fields, replacement, part, ...others }) => {
  refuseOthers(others, 'fields, replacement, part, when');
  const masked = new Set(fieldList(fields, 'fields'));
  const mask = replacement === undefined ? '****' : textSetting(replacement, 'replacement');
  const hidden = (name: string, value: unknown): unknown => (masked.has(name) && value !== null ? mask : value);
  const withMask = (of: Fields): Fields =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [name, hidden(name, value)]));
  return changePart(partOf(part), (of) => (isFields(of) ? withMask(of) : of));
};

const cast: MakeStep = ({ 'schema-type': schemaType, spec, part, ...others }) => {
  refuseOthers(others, 'schema-type or spec, part, when');
  if (spec === undefined) {
    if (schemaType !== 'STRING')
      throw new TypeError('schema-type must be STRING, or spec must name fields as name:TYPE');
    return changePart(partOf(part), (of) => (of === null ? null : asText(of)));
  }
  const types = pairs(spec, 'spec', 'name:TYPE');
  const wrong = [...types.values()].find((type) => !CAST_TYPES.includes(type));
  if (wrong) throw new TypeError(`${wrong} in spec is none of ${CAST_TYPES.join(', ')}`);
  const changed = (of: Fields): Fields =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => [name, types.has(name) ? castTo(types.get(name) ?? '', value) : value]),
    );
  return changePart(partOf(part), (of) => (isFields(of) ? changed(of) : of));
};

const flatten: MakeStep = ({ delimiter, part, ...others }) => {
  refuseOthers(others, 'delimiter, part, when');
  const between = delimiter === undefined ? '_' : textSetting(delimiter, 'delimiter');
  const flat = (of: Fields, prefix: string): [string, unknown][] =>
    Object.entries(of).flatMap(([name, value]) =>
      isFields(value) ? flat(value, `${prefix}${name}${between}`) : [[prefix + name, value] as [string, unknown]],
    );
  return changePart(partOf(part), (of) => (isFields(of) ? Object.fromEntries(flat(of, '')) : of));
};

const drop: MakeStep = (others) => {
  refuseOthers(others, 'when');
  return () => undefined;
};

const mergeKeyValue: MakeStep = (others) => {
  refuseOthers(others, 'when');
  return (record) =>
    isFields(record.key) && isFields(record.value) ? { ...record, value: { ...record.key, ...record.value } } : record;
};

const unwrapKeyValue: MakeStep = ({ unwrapKey = false, ...others }) => {
  refuseOthers(others, 'unwrapKey, when');
  if (typeof unwrapKey !== 'boolean') throw new TypeError('unwrapKey must be true or false');
  return ({ key, ...record }): TransformRecord =>
    key === undefined ? record : { ...record, value: unwrapKey ? key : record.value };
};

/** The steps by name: those of Pulsar's transformations, and `rename-fields` and `mask-fields`, with the settings of Kafka Connect's ReplaceField and MaskField. */
export const STEPS: Readonly<Record<string, MakeStep>> = {
  'drop-fields': dropFields,
  'rename-fields': renameFields,
  'mask-fields': maskFields,
  cast,
  flatten,
  drop,
  compute,
  'merge-key-value': mergeKeyValue,
  'unwrap-key-value': unwrapKeyValue,
};
