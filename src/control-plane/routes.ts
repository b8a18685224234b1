import type { Access } from './access/authorize.ts';
import type { KindWords } from './kind-words.ts';
import type { Operation } from './operation.ts';
import { check } from './operations/check.ts';
import { configDefinition } from './operations/config-definition.ts';
import { cost, costOfForm } from './operations/cost.ts';
import { create } from './operations/create.ts';
import { dropDeadLetters, getDeadLetters, redriveDeadLetters } from './operations/dead-letters.ts';
import { remove } from './operations/delete.ts';
import { get } from './operations/get.ts';
import { list } from './operations/list.ts';
import { listBuiltins } from './operations/list-builtins.ts';
import { getPositions, resetPositions, setPositions } from './operations/positions.ts';
import { preview } from './operations/preview.ts';
import { reload } from './operations/reload.ts';
import { restartAll, restartInstance } from './operations/restart.ts';
import { setAllStates, setInstanceState } from './operations/set-state.ts';
import { instanceStatus, status } from './operations/status.ts';
import { update } from './operations/update.ts';

/** What a route takes as body: a form, a form or nothing, a JSON text, or nothing worth reading. */
export type Accepts = 'multipart' | 'optional multipart' | 'json' | 'nothing';

/** One endpoint: method, path pattern after `/admin/v3/{kind}`, operation. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Segments; `{x}` takes any. */
  readonly pattern: string;
  readonly accepts: Accepts;
  /** Pulsar asks nothing for its lists of types, and for reload a super user. */
  readonly access: Access;
  readonly operation: Operation;
}

const CONNECTOR = '{tenant}/{namespace}/{name}';
const INSTANCE = `${CONNECTOR}/{instance}`;

/** The admin API of one kind (PULSAR-ADMIN-CONTRACT 1.2). The first pattern that fits a path owns it, so literals come first. */
export const routesOf = ({ builtins, reload: reloadPath }: KindWords): readonly Route[] => [
  route('GET', builtins, listBuiltins, { access: 'anyone' }),
  route('POST', reloadPath, reload, { access: 'superuser' }),
  route('GET', `${builtins}/{type}/configdefinition`, configDefinition, { access: 'anyone' }),
  route('GET', '{tenant}/{namespace}', list),
  route('POST', CONNECTOR, create, { accepts: 'multipart' }),
  route('PUT', CONNECTOR, update, { accepts: 'multipart' }),
  route('DELETE', CONNECTOR, remove),
  route('GET', CONNECTOR, get),
  route('GET', `${CONNECTOR}/status`, status),
  route('GET', `${CONNECTOR}/positions`, getPositions),
  route('PUT', `${CONNECTOR}/positions`, setPositions, { accepts: 'json' }),
  route('POST', `${CONNECTOR}/positions`, resetPositions),
  route('GET', `${CONNECTOR}/dead-letters`, getDeadLetters),
  route('POST', `${CONNECTOR}/dead-letters`, redriveDeadLetters),
  route('DELETE', `${CONNECTOR}/dead-letters`, dropDeadLetters),
  route('POST', `${CONNECTOR}/check`, check, { accepts: 'optional multipart' }),
  route('GET', `${CONNECTOR}/cost`, cost),
  route('POST', `${CONNECTOR}/cost`, costOfForm, { accepts: 'optional multipart' }),
  route('POST', `${CONNECTOR}/preview`, preview, { accepts: 'optional multipart' }),
  route('POST', `${CONNECTOR}/start`, setAllStates('RUNNING')),
  route('POST', `${CONNECTOR}/stop`, setAllStates('STOPPED')),
  route('POST', `${CONNECTOR}/restart`, restartAll),
  route('GET', `${INSTANCE}/status`, instanceStatus),
  route('POST', `${INSTANCE}/start`, setInstanceState('RUNNING')),
  route('POST', `${INSTANCE}/stop`, setInstanceState('STOPPED')),
  route('POST', `${INSTANCE}/restart`, restartInstance),
];

const route = (
  method: Route['method'],
  pattern: string,
  operation: Operation,
  { accepts = 'nothing', access = 'namespace' }: Partial<Pick<Route, 'accepts' | 'access'>> = {},
): Route => ({ method, pattern, accepts, access, operation });
