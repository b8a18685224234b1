/** JSON as Pulsar's tools print configurations and lists (Gson's pretty printing). */
export const gsonText = (value: unknown): string => JSON.stringify(value, null, 2);

/** JSON as they print a status (Jackson's default pretty printer): objects over lines, lists in one. */
export const jacksonText = (value: unknown, indent = ''): string => {
  if (Array.isArray(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((each) => jacksonText(each, indent)).join(', ')} ]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const fields = Object.entries(value).map(
    ([key, each]) => `${inner}${JSON.stringify(key)} : ${jacksonText(each, inner)}`,
  );
  return fields.length === 0 ? '{ }' : `{\n${fields.join(',\n')}\n${indent}}`;
};

type Fields = Readonly<Record<string, unknown>>;

/** A configuration in Gson's names: it knows a consumer's `regexPattern` by its field, `isRegexPattern`. */
export const asGson = (config: unknown): unknown => {
  const { inputSpecs } = config as Fields;
  if (typeof inputSpecs !== 'object' || inputSpecs === null) return config;
  const specs = Object.entries(inputSpecs).map(([topic, spec]) => [topic, withFieldName(spec as Fields)] as const);
  return { ...(config as Fields), inputSpecs: Object.fromEntries(specs) };
};

const withFieldName = ({ schemaType, serdeClassName, regexPattern, ...others }: Fields): Fields => ({
  ...(schemaType !== undefined && { schemaType }),
  ...(serdeClassName !== undefined && { serdeClassName }),
  isRegexPattern: regexPattern,
  ...others,
});
