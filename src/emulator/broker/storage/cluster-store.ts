import type { Database } from './database.ts';

/** A tenant as the admin REST writes it. */
export interface TenantInfo {
  readonly adminRoles: readonly string[];
  readonly allowedClusters: readonly string[];
}

/** The part of Pulsar's namespace policies that this broker keeps; names are those of the admin REST. Unknown ones are kept and given back. */
export interface NamespacePolicies {
  readonly replication_clusters: readonly string[];
  readonly auth_policies?: { readonly namespace_auth: Readonly<Record<string, readonly string[]>> };
  readonly deduplicationEnabled?: boolean;
  readonly retention_policies?: { readonly retentionTimeInMinutes: number; readonly retentionSizeInMB: number };
  readonly message_ttl_in_seconds?: number;
  readonly autoTopicCreationOverride?: {
    readonly allowAutoTopicCreation: boolean;
    readonly topicType?: 'partitioned' | 'non-partitioned';
    readonly defaultNumPartitions?: number;
  };
  readonly [policy: string]: unknown;
}

/** A partitioned topic's metadata. */
export interface PartitionedTopic {
  readonly partitions: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** Tenants, namespaces and partitioned topics. `public/default` is made when the store is new. */
export class ClusterStore {
  readonly #db: Database;
  readonly #namespaces = new Map<string, NamespacePolicies>();

  constructor(db: Database, clusterName: string) {
    this.#db = db;
    for (const row of db.statement('SELECT * FROM namespaces').all() as { name: string; policies: string }[]) {
      this.#namespaces.set(row.name, JSON.parse(row.policies) as NamespacePolicies);
    }
    if (db.nextNumber('starts') === 1) this.#createDefaults(clusterName);
  }

  tenants(): string[] {
    return (this.#db.statement('SELECT name FROM tenants ORDER BY name').all() as { name: string }[]).map(
      ({ name }) => name,
    );
  }

  tenant(name: string): TenantInfo | undefined {
    const row = this.#db.statement('SELECT info FROM tenants WHERE name = ?').get(name) as { info: string } | undefined;
    return row && (JSON.parse(row.info) as TenantInfo);
  }

  saveTenant(name: string, info: TenantInfo): void {
    this.#db.statement('INSERT OR REPLACE INTO tenants VALUES(?,?)').run(name, JSON.stringify(info));
  }

  deleteTenant(name: string): void {
    this.#db.statement('DELETE FROM tenants WHERE name = ?').run(name);
  }

  /** Full names `tenant/namespace` of a tenant's namespaces, sorted. */
  namespaces(tenant: string): string[] {
    return [...this.#namespaces.keys()].filter((name) => name.startsWith(`${tenant}/`)).sort();
  }

  policies(namespace: string): NamespacePolicies | undefined {
    return this.#namespaces.get(namespace);
  }

  savePolicies(namespace: string, policies: NamespacePolicies): void {
    this.#db.statement('INSERT OR REPLACE INTO namespaces VALUES(?,?)').run(namespace, JSON.stringify(policies));
    this.#namespaces.set(namespace, policies);
  }

  deleteNamespace(namespace: string): void {
    this.#db.statement('DELETE FROM namespaces WHERE name = ?').run(namespace);
    this.#namespaces.delete(namespace);
  }

  partitionedTopic(name: string): PartitionedTopic | undefined {
    const row = this.#db.statement('SELECT * FROM partitioned_topics WHERE name = ?').get(name);
    return (
      row && {
        partitions: row.partitions as number,
        properties: JSON.parse(row.properties as string) as Record<string, string>,
      }
    );
  }

  partitionedTopics(namespace: string): string[] {
    const prefix = `persistent://${namespace}/`;
    const rows = this.#db.statement('SELECT name FROM partitioned_topics ORDER BY name').all() as { name: string }[];
    return rows.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  savePartitionedTopic(name: string, { partitions, properties }: PartitionedTopic): void {
    this.#db
      .statement('INSERT OR REPLACE INTO partitioned_topics VALUES(?,?,?)')
      .run(name, partitions, JSON.stringify(properties));
  }

  deletePartitionedTopic(name: string): void {
    this.#db.statement('DELETE FROM partitioned_topics WHERE name = ?').run(name);
  }

  #createDefaults(clusterName: string): void {
    for (const namespace of ['public/default', 'public/functions', 'pulsar/system']) {
      const tenant = namespace.split('/')[0] as string;
      this.saveTenant(tenant, { adminRoles: [], allowedClusters: [clusterName] });
      this.savePolicies(namespace, { replication_clusters: [clusterName] });
    }
  }
}
