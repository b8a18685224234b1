type Nested = readonly (unknown | Nested)[];

/** The elements of an array in PostgreSQL's text form (documentation, "Array Input and Output Syntax"), nested as it is. */
export const parseArray = (text: string, convert: (item: string) => unknown): Nested => {
  let at = text.indexOf('{');
  const item = (): unknown => {
    if (text[at] === '{') return list();
    if (text[at] === '"') return convert(quoted());
    const end = text.slice(at).search(/[,}]/) + at;
    const word = text.slice(at, end);
    at = end;
    return word === 'NULL' ? null : convert(word);
  };
  const quoted = (): string => {
    let value = '';
    for (at += 1; text[at] !== '"'; at++) {
      if (text[at] === '\\') at += 1;
      value += text[at];
    }
    at += 1;
    return value;
  };
  const list = (): Nested => {
    const items: unknown[] = [];
    at += 1;
    while (text[at] !== '}') {
      if (text[at] === ',') at += 1;
      items.push(item());
    }
    at += 1;
    return items;
  };
  return list();
};

/** The fields of a row in PostgreSQL's text form (documentation, "Composite Type Input and Output Syntax"): nothing between two commas is null. */
export const parseRow = (text: string): (string | null)[] => {
  const fields: (string | null)[] = [];
  let at = 1;
  for (;;) {
    let value = '';
    let isNull = true;
    for (let isQuoted = false; isQuoted || (text[at] !== ',' && text[at] !== ')'); at++) {
      isNull = false;
      const sign = text[at] as string;
      if (sign === '\\') value += text[++at];
      else if (sign !== '"') value += sign;
      else if (isQuoted && text[at + 1] === '"') value += text[++at];
      else isQuoted = !isQuoted;
    }
    fields.push(isNull ? null : value);
    if (text[at] === ')') return fields;
    at += 1;
  }
};
