import { callOf } from './functions.ts';
import { isTrue, operate } from './operators.ts';
import { type ExpressionToken, tokensIn } from './tokens.ts';

/** What an expression sees by name: `value`, `key`, `messageKey`, `properties`, `eventTime`, `topicName`, `destinationTopic`. */
export type Scope = Readonly<Record<string, unknown>>;

/** A compiled expression. Throws `TypeError` for values that it cannot work with. */
export type Expression = (scope: Scope) => unknown;

const MAX_LENGTH = 2_000;
const MAX_DEPTH = 50;
/** Binary signs by how tightly they bind, loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];

/** A record's names. */
export const NAMES = ['value', 'key', 'messageKey', 'properties', 'eventTime', 'topicName', 'destinationTopic'];

/** Compiles an expression of the language of Pulsar's transformations. Throws `TypeError` that says where it is wrong. */
export const compileExpression = (text: string): Expression => {
  if (text.length > MAX_LENGTH) throw new TypeError(`it is longer than ${MAX_LENGTH} characters`);
  const parser = new Parser(tokensIn(text));
  return parser.whole();
};

class Parser {
  readonly #tokens: readonly ExpressionToken[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly ExpressionToken[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#choice();
    if (this.#next.kind !== 'end') throw this.#unexpected();
    return expression;
  }

  get #next(): ExpressionToken {
    return this.#tokens[this.#at] as ExpressionToken;
  }

  #unexpected(): TypeError {
    return new TypeError(
      `${this.#next.kind === 'end' ? this.#next.text : `"${this.#next.text}"`} is not expected here`,
    );
  }

  #takes(sign: string): boolean {
    if (this.#next.kind !== 'sign' || this.#next.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #require(sign: string): void {
    if (!this.#takes(sign)) throw new TypeError(`"${sign}" is missing before ${this.#next.text}`);
  }

  #choice(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new TypeError('it is nested too deeply');
    const condition = this.#binary(0);
    this.#depth -= 1;
    if (!this.#takes('?')) return condition;
    const yes = this.#choice();
    this.#require(':');
    const no = this.#choice();
    return (scope) => (isTrue(condition(scope)) ? yes(scope) : no(scope));
  }

  #binary(level: number): Expression {
    const signs = LEVELS[level];
    if (!signs) return this.#unary();
    let left = this.#binary(level + 1);
    for (let sign = signs.find((it) => this.#takes(it)); sign; sign = signs.find((it) => this.#takes(it))) {
      left = joined(sign, left, this.#binary(level + 1));
    }
    return left;
  }

  #unary(): Expression {
    if (this.#takes('!')) {
      const of = this.#unary();
      return (scope) => !isTrue(of(scope));
    }
    if (this.#takes('-')) {
      const of = this.#unary();
      return (scope) => operate('-', 0, of(scope));
    }
    return this.#path();
  }

  #path(): Expression {
    let expression = this.#primary();
    for (;;) {
      if (this.#takes('.')) expression = fieldOf(expression, constant(this.#name()));
      else if (this.#takes('[')) {
        expression = fieldOf(expression, this.#choice());
        this.#require(']');
      } else return expression;
    }
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== 'name') throw this.#unexpected();
    this.#at += 1;
    return text;
  }

  #primary(): Expression {
    if (this.#takes('(')) {
      const inner = this.#choice();
      this.#require(')');
      return inner;
    }
    const { kind, text } = this.#next;
    if (kind === 'number' || kind === 'text') {
      this.#at += 1;
      return constant(kind === 'text' ? text : numberOf(text));
    }
    const name = this.#name();
    if (name === 'fn' && this.#takes(':')) return this.#call(this.#name());
    if (Object.hasOwn(WORDS, name)) return constant(WORDS[name]);
    if (!NAMES.includes(name)) throw new TypeError(`${name} is not known; known are ${NAMES.join(', ')}`);
    return (scope) => scope[name];
  }

  #call(name: string): Expression {
    this.#require('(');
    const parameters: Expression[] = [];
    while (!this.#takes(')')) {
      if (parameters.length > 0) this.#require(',');
      parameters.push(this.#choice());
    }
    const call = callOf(name, parameters.length);
    return (scope) => call(parameters.map((parameter) => parameter(scope)));
  }
}

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

const constant =
  (value: unknown): Expression =>
  () =>
    value;

const numberOf = (text: string): number | bigint => {
  const number = Number(text);
  return /^\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
};

/** A field that is not there, and one of what has none, are null. */
const fieldOf =
  (of: Expression, name: Expression): Expression =>
  (scope) => {
    const [object, key] = [of(scope), String(name(scope))];
    const isThere = typeof object === 'object' && object !== null && Object.hasOwn(object, key);
    return isThere ? ((object as Record<string, unknown>)[key] ?? null) : null;
  };

const joined = (sign: string, left: Expression, right: Expression): Expression => {
  if (sign === '&&') return (scope) => isTrue(left(scope)) && isTrue(right(scope));
  if (sign === '||') return (scope) => isTrue(left(scope)) || isTrue(right(scope));
  return (scope) => operate(sign, left(scope), right(scope));
};
