import { DatabaseSync } from 'node:sqlite';
import type { Connector } from '../../src/core/connector.ts';
import type { RunRequest } from '../../src/core/run-request.ts';

/** What is in the store file of a cloud, seen and changed behind its back. */
export class StoreView implements Disposable {
  readonly database: DatabaseSync;

  /** `storeUrl` is `sqlite:` and the path of a file that exists. */
  constructor(storeUrl: string) {
    this.database = new DatabaseSync(storeUrl.replace('sqlite:', ''), { timeout: 5_000 });
  }

  /** The registration of a connector of that name, undefined when there is none. */
  connector(name: string): Connector | undefined {
    const found = this.database
      .prepare("SELECT data FROM pulsar_io_items WHERE pk LIKE 'connectors#%' AND sk = ?")
      .get(`public/default/${name}`) as { data: string } | undefined;
    const data = found && (JSON.parse(found.data) as Connector | { removed: true });
    return data && 'uid' in data ? data : undefined;
  }

  /** Payload of an invocation for an instance as it is registered now. */
  runRequest(name: string, instance = 0): RunRequest {
    const { kind, uid, generation, config } = this.connector(name) as Connector;
    const { tenant, namespace } = config;
    return { kind, tenant, namespace, name, uid, generation, instance, notAfterMs: Date.now() + 60_000 };
  }

  /** Keys of everything that names this uid. */
  keysOf(uid: string): string[] {
    const rows = this.database
      .prepare('SELECT pk, sk FROM pulsar_io_items WHERE instr(pk, :uid) OR instr(sk, :uid) OR instr(data, :uid)')
      .all({ uid }) as { pk: string; sk: string }[];
    return rows.map(({ pk, sk }) => `${pk} ${sk}`);
  }

  /** Gives away the leases of all instances, as a clock that is wrong by hours would: whoever works now has a rival. */
  breakLeases(): void {
    this.database.exec(
      "UPDATE pulsar_io_items SET version = version + 1, data = json_set(data, '$.runId', NULL, '$.expiresAtMs', 0) WHERE sk LIKE 'lease#%'",
    );
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}
