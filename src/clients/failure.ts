/** What a person needs to hear about a failed connection, by the code that Node, OpenSSL or undici gives it. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused (nothing listens there)',
  ENOTFOUND: 'no such host (check the name)',
  EAI_AGAIN: 'the name server does not answer',
  ECONNRESET: 'the connection was cut off',
  EPIPE: 'the connection was cut off',
  UND_ERR_SOCKET: 'the connection was cut off',
  ETIMEDOUT: 'no connection (a firewall may drop it)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection (a firewall may drop it)',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  EADDRNOTAVAIL: 'no such address on this machine',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet (check the clocks)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; trust it with network.caFile',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority; trust that with network.caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority; trust that with network.caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority; trust that with network.caFile',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS (try http:// instead of https://)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS (try http:// instead of https://)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the authority of our certificate',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': 'it refuses our certificate, or misses one',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': 'it says that our certificate has expired',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': 'it refuses our certificate',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'the TLS handshake failed (it may ask for a client certificate)',
  EPROTO: 'the TLS handshake failed',
  UND_ERR_HEADERS_OVERFLOW: 'its answer has too many headers',
  UND_ERR_PRX_TLS: 'the TLS connection to the proxy failed',
};

/** The code of an error or, for the tries of several addresses, of the first of them; empty where there is none. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return '';
  if ('code' in thrown && typeof thrown.code === 'string' && thrown.code !== '') return thrown.code;
  if ('errors' in thrown && Array.isArray(thrown.errors)) return codeOf(thrown.errors[0]);
  return 'cause' in thrown ? codeOf(thrown.cause) : '';
}

/** A reason for a sentence. Texts of unknown errors may quote what was sent, so only their code is shown. */
export function connectionReason(thrown: unknown): string {
  const code = codeOf(thrown);
  return reasons[code] ?? (code === '' ? 'the connection failed' : `the connection failed (${code})`);
}

/** Whether the far side answered, but not in HTTP: undici's parser errors have a name, and a code only at times. */
export const isNotHttp = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'HTTPParserError';
