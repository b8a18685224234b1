import type { ServerError } from './enums.ts';
import { optional, required } from './message.ts';
import { enumeration, opaque64, text, u64 } from './scalars.ts';

/** Why a broker refuses. */
export const serverError = enumeration<ServerError>();

/** The first field of most requests and their answers. */
export const requestId = required(1, opaque64);

/** The first field of what is said to, or by, a consumer. */
export const consumerId = required(1, u64);

/** The first field of what is said to, or by, a producer. */
export const producerId = required(1, u64);

/** Whom a proxy speaks for; three fields beginning at number `first`. */
export const originalPrincipal = (first: number) => ({
  originalPrincipal: optional(first, text),
  originalAuthData: optional(first + 1, text),
  originalAuthMethod: optional(first + 2, text),
});

/** Where a closed producer or consumer is to go. */
export const assignedBroker = {
  assignedBrokerServiceUrl: optional(3, text),
  assignedBrokerServiceUrlTls: optional(4, text),
};
