import type { Database } from './database.ts';

/** A schema as producers and the admin REST register it; `type` is the number of the wire's Schema.Type. */
export interface SchemaDefinition {
  readonly type: number;
  readonly name: string;
  readonly data: Uint8Array;
  readonly properties: Readonly<Record<string, string>>;
}

/** A registered schema; versions count from 0 per topic. */
export interface StoredSchema extends SchemaDefinition {
  readonly version: number;
  readonly createdAtMs: number;
}

/**
 * Schema versions per topic (without partition suffix), counted from 0. A schema equal to a stored one gets its version, any other becomes a
 * new version. Whether it may is the caller's business.
 */
export class SchemaStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Version of this schema, registering it when it is new. */
  register(topic: string, schema: SchemaDefinition, nowMs: number): number {
    const known = this.versionOf(topic, schema);
    if (known !== undefined) return known;
    const version = (this.versions(topic).at(-1)?.version ?? -1) + 1;
    this.#db
      .statement('INSERT INTO schemas VALUES(?,?,?,?,?,?,?)')
      .run(topic, version, schema.type, schema.name, schema.data, JSON.stringify(schema.properties), nowMs);
    return version;
  }

  /** The version that equals this schema. */
  versionOf(topic: string, schema: SchemaDefinition): number | undefined {
    const isSame = ({ type, data }: StoredSchema) => type === schema.type && Buffer.compare(data, schema.data) === 0;
    return this.versions(topic).find(isSame)?.version;
  }

  /** All versions, oldest first. */
  versions(topic: string): StoredSchema[] {
    const rows = this.#db.statement('SELECT * FROM schemas WHERE topic = ? ORDER BY version').all(topic);
    return rows.map((row) => ({
      version: row.version as number,
      type: row.type as number,
      name: row.name as string,
      data: row.data as Uint8Array,
      properties: JSON.parse(row.properties as string) as Record<string, string>,
      createdAtMs: row.created_ms as number,
    }));
  }

  /** One version, or the latest when `version` is undefined. */
  find(topic: string, version?: number): StoredSchema | undefined {
    return version === undefined
      ? this.versions(topic).at(-1)
      : this.versions(topic).find((schema) => schema.version === version);
  }

  delete(topic: string): void {
    this.#db.statement('DELETE FROM schemas WHERE topic = ?').run(topic);
  }
}
