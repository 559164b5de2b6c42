/** What instances tell each other through the database (NOTIFY), and what the payload is. */
export const CHANNELS = {
  /** The id of a tenant that was changed, or whose tokens were. */
  tenantChanged: 'tenant_changed',
  /** The id of an operation that ended, if a request waits for its end. */
  operationEnded: 'operation_ended',
  /** The name of a customer's key that was destroyed. */
  customerKeyDestroyed: 'customer_key_destroyed',
} as const;

export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS];

export interface Subscriber {
  readonly heard: (payload: string) => void;
  /** Notifications may have been lost. */
  readonly missed: () => void;
}

/** Passes the notifications of the database to those who subscribed to them. */
export class Notifications {
  /** Whether every notification arrives now. */
  complete = false;
  private readonly subscribers: (Subscriber & { readonly channel: Channel })[] = [];

  subscribe(channel: Channel, subscriber: Subscriber): void {
    this.subscribers.push({ channel, ...subscriber });
  }

  hear(channel: string, payload: string): void {
    for (const subscriber of this.subscribers) if (subscriber.channel === channel) subscriber.heard(payload);
  }

  miss(): void {
    for (const subscriber of this.subscribers) subscriber.missed();
  }
}
