/** What Prometheus says of a failed scrape, and what a person can do with it. The first that fits counts. */
const reasons: readonly [said: RegExp, meant: string | ((found: RegExpExecArray) => string)][] = [
  [/connection refused/, 'nothing listens there: connection refused'],
  [/no such host|server misbehaving/, 'its name cannot be resolved'],
  [/no route to host|network is unreachable/, 'its network cannot be reached'],
  [/connection reset|EOF$/, 'it closes the connection'],
  [/certificate|x509|tls:/i, 'its TLS certificate is not trusted, or it speaks no TLS'],
  [/server gave HTTP response to HTTPS client/, 'it speaks HTTP, not HTTPS'],
  [/server returned HTTP status (\d+)/, ([, status]) => `it answers with HTTP status ${status}`],
  [/body size limit/, 'it sends more than 10 MB and is cut off'],
  [/sample limit|label.*limit|target_limit/, 'it sends more samples or labels than a target may'],
  [/context deadline exceeded|i\/o timeout/, 'it does not answer in time'],
  [
    /start token|expected .* got|invalid syntax|unsupported character|text format|parse/i,
    'it answers, but not with metrics in the Prometheus text format',
  ],
];

/** A sentence for the last error of a target; Prometheus's own words where they are not known. */
export function scrapeReason(lastError: string): string {
  if (lastError === '') return 'does not answer';
  for (const [said, meant] of reasons) {
    const found = said.exec(lastError);
    if (found !== null) return typeof meant === 'string' ? meant : meant(found);
  }
  return lastError.slice(0, 200);
}
