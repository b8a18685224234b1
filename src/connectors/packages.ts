import type { ConnectorPackage } from '../core/connector-type.ts';

/** Outside packages of connector types. Packaging puts those of `connectorPackages` in `serverless.yml` here (`scripts/connector-packages.ts`). */
export const packages: readonly ConnectorPackage[] = [];
