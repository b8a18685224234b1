import type { WorldContext } from 'pulsar-io-serverless/testing';

interface Ticket {
  readonly id: string;
  readonly text: string;
  hiddenUntilMs: number;
  taken: number;
}

/** A queue: a ticket that was taken is hidden for a while, and shows again unless it is torn up meanwhile. It goes by the simulation's clock. */
export class TicketOffice {
  readonly hiddenMs = 6_000;
  #tickets: Ticket[] = [];
  readonly #context: WorldContext;

  constructor(context: WorldContext) {
    this.#context = context;
  }

  add(id: string, text: string): void {
    this.#tickets.push({ id, text, hiddenUntilMs: 0, taken: 0 });
  }

  async take(max: number, waitMs: number): Promise<readonly { id: string; text: string; receipt: string }[]> {
    const now = this.#shown(max);
    if (now.length > 0) return now;
    await this.#context.delay(waitMs);
    return this.#shown(max);
  }

  async tear(receipt: string): Promise<void> {
    this.#tickets = this.#tickets.filter((ticket) => receiptOf(ticket) !== receipt);
  }

  async hide(receipt: string): Promise<void> {
    for (const ticket of this.#tickets)
      if (receiptOf(ticket) === receipt) ticket.hiddenUntilMs = this.#context.nowMs() + this.hiddenMs;
  }

  #shown(max: number): { id: string; text: string; receipt: string }[] {
    const nowMs = this.#context.nowMs();
    const shown = this.#tickets.filter(({ hiddenUntilMs }) => hiddenUntilMs <= nowMs).slice(0, max);
    return shown.map((ticket) => {
      ticket.hiddenUntilMs = nowMs + this.hiddenMs;
      ticket.taken += 1;
      return { id: ticket.id, text: ticket.text, receipt: receiptOf(ticket) };
    });
  }
}

const receiptOf = ({ id, taken }: Ticket): string => `${id}/${taken}`;

const offices = new Map<string, TicketOffice>();

/** Opens an office under a name of its own. */
export const openOffice = (office: TicketOffice): string => {
  const name = `office ${offices.size}`;
  offices.set(name, office);
  return name;
};

/** The office of that name. */
export const officeOf = (name: string): TicketOffice => {
  const office = offices.get(name);
  if (!office) throw new Error(`there is no ${name}`);
  return office;
};
