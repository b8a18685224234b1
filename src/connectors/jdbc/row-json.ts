/** Writes rows with these columns as JSON objects; of columns with one name the last one counts. Field by field: several times as fast as a walk through each value. */
export const rowJson = <V>(
  names: readonly string[],
  jsonOf: (value: V, at: number) => string,
): ((values: readonly V[]) => string) => {
  const written = [...names.keys()].filter((at) => names.lastIndexOf(names[at] as string) === at);
  const before = written.map((at, index) => `${index === 0 ? '{' : ','}${JSON.stringify(names[at])}:`);
  return (values) => {
    let json = '';
    for (let index = 0; index < written.length; index++) {
      const at = written[index] as number;
      json += before[index] + jsonOf(values[at] as V, at);
    }
    return `${json}}`;
  };
};
