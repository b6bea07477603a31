import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { VigiaError } from '../../model/errors.ts';

/**
 * A change must come from Vigía's own page, or from no page at all (a script with a token). SameSite cookies do the same
 * once more, but a sibling host on the same site passes them. @throws VigiaError `cross-site`.
 */
export function refuseForeign(request: FastifyRequest, publicUrl: string | undefined): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (origin !== undefined && !isOwnOrigin(origin, request, publicUrl))) {
    throw new VigiaError('cross-site', { origin: (origin ?? String(site)).slice(0, 200) });
  }
}

function isOwnOrigin(origin: string, request: FastifyRequest, publicUrl: string | undefined): boolean {
  if (origin === `${request.protocol}://${request.host}`) return true;
  return publicUrl !== undefined && origin === new URL(publicUrl).origin;
}

/**
 * Whether the name in the address bar is one that only this machine can have. A foreign name that was made to point here
 * (DNS rebinding) would pass the check of origins, because page and request then agree. @throws VigiaError `cross-site`.
 */
export function refuseForeignName(request: FastifyRequest, publicUrl: string | undefined): void {
  const name = request.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const own = name === 'localhost' || name.endsWith('.localhost') || ipaddr.isValid(name);
  const known = publicUrl !== undefined && name === new URL(publicUrl).hostname;
  if (!own && !known) throw new VigiaError('cross-site', { origin: name.slice(0, 200) });
}
