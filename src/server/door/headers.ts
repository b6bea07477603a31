import type { FastifyHelmetOptions } from '@fastify/helmet';

/**
 * Security headers of every answer. The page's own style elements carry the nonce of their answer (`reply.cspNonce.style`);
 * style attributes are allowed, because charts place themselves by them and they load nothing.
 */
export function securityHeaders(https: boolean): FastifyHelmetOptions {
  return {
    enableCSPNonces: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        styleSrcAttr: ["'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        // Panels of a configured Grafana, under this address.
        frameSrc: ["'self'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // A promise that only somebody who serves HTTPS himself can make.
    strictTransportSecurity: https ? { maxAge: 180 * 86_400, includeSubDomains: false } : false,
    // Browsers ignore it on plain HTTP, and warn.
    crossOriginOpenerPolicy: https ? { policy: 'same-origin' } : false,
    originAgentCluster: false,
  };
}
