import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppKeys } from '../crypto/app-keys.js';
import type { AuditedRequest } from './audit-event.js';
import type { AuditFilter } from './audit-filter.js';

/** Bytes of an event's id and of its MAC. */
const ID = 16;
const MAC = 16;

/** The format of a cursor: base64url of an event's id and a MAC. */
export const CURSOR = new RegExp(`^[A-Za-z0-9_-]{${Math.ceil(((ID + MAC) * 4) / 3)}}$`);

/** What a query shows, whatever the page. */
interface Asked {
  readonly filter: AuditFilter;
  /** Whether values are shown in clear. */
  readonly clear: boolean;
}

/**
 * Cursors are signed for one caller and one query. So every page belongs to a query that is recorded in the trail.
 */
@Injectable()
export class AuditCursors {
  constructor(private readonly keys: AppKeys) {}

  /** @param lastId id of the last event on the previous page */
  write(request: AuditedRequest, query: Asked, lastId: string): string {
    const id = Buffer.from(lastId.replaceAll('-', ''), 'hex');
    return Buffer.concat([id, this.macOf(request, query, lastId)]).toString('base64url');
  }

  /** The event id in a cursor; undefined if the cursor was not written for this caller and query. */
  read(request: AuditedRequest, query: Asked, cursor: string): string | undefined {
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length !== ID + MAC) return undefined;
    const hex = bytes.toString('hex', 0, ID);
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return timingSafeEqual(bytes.subarray(ID), this.macOf(request, query, id)) ? id : undefined;
  }

  private macOf(request: AuditedRequest, { filter, clear }: Asked, id: string): Buffer {
    const { customer, actor, action, phase, outcome, effect, credentialVersion, field, from, to } = filter;
    const { sub, clientId } = request.principal.caller;
    const caller = [filter.tenantId, sub, clientId, clear];
    const asked = [customer, actor, action, phase, outcome, effect, credentialVersion, field, from, to];
    const text = JSON.stringify([caller, asked, id]);
    return Buffer.from(this.keys.shortHmac('audit-cursor', text, MAC), 'base64url');
  }
}
