/** A piece of an expression. */
export interface ExpressionToken {
  readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end';
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'(?<single>(?:[^'\\]|\\.)*)'|"(?<double>(?:[^"\\]|\\.)*)"|(?<name>[A-Za-z_$][\w$]*)|(?<sign>&&|\|\||[=!<>]=|[-+*/%<>!().,?:[\]]))/y;

/** Words that stand for signs, as in Java's expression language. */
const WORDS: Readonly<Record<string, string>> = {
  and: '&&',
  or: '||',
  not: '!',
  eq: '==',
  ne: '!=',
  lt: '<',
  gt: '>',
  le: '<=',
  ge: '>=',
  div: '/',
  mod: '%',
};

const tokenOf = ({ number, single, double, name, sign }: Record<string, string | undefined>): ExpressionToken => {
  const quoted = single ?? double;
  if (number !== undefined) return { kind: 'number', text: number };
  if (quoted !== undefined) return { kind: 'text', text: quoted.replaceAll(/\\(.)/gs, '$1') };
  if (name !== undefined && Object.hasOwn(WORDS, name)) return { kind: 'sign', text: WORDS[name] ?? '' };
  return name === undefined ? { kind: 'sign', text: sign ?? '' } : { kind: 'name', text: name };
};

/** The pieces of an expression, the last one of the kind `end`. Throws `TypeError` at what is none. */
export const tokensIn = (expression: string): ExpressionToken[] => {
  const tokens: ExpressionToken[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; expression.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    const { groups } = TOKEN.exec(expression) ?? {};
    if (!groups) throw new TypeError(`it cannot be read from character ${at + 1} on`);
    const isField = tokens.at(-1)?.text === '.' && groups.name !== undefined;
    tokens.push(isField ? { kind: 'name', text: groups.name ?? '' } : tokenOf(groups));
  }
  return [...tokens, { kind: 'end', text: 'its end' }];
};
