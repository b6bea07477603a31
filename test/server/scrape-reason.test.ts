import { expect, it } from 'vitest';
import { scrapeReason } from '../../src/server/scrape-reason.ts';

it.each([
  ['', 'does not answer'],
  ['Get "http://10.0.0.1:9100/metrics": dial tcp 10.0.0.1:9100: connect: connection refused', 'nothing listens there: connection refused'],
  ['Get "http://web9:9100/metrics": dial tcp: lookup web9 on 10.0.0.2:53: no such host', 'its name cannot be resolved'],
  ['Get "http://10.0.0.1:9100/metrics": context deadline exceeded', 'it does not answer in time'],
  ['server returned HTTP status 404 Not Found', 'it answers with HTTP status 404'],
  ['"INVALID" is not a valid start token', 'it answers, but not with metrics in the Prometheus text format'],
  ['body size limit exceeded', 'it sends more than 10 MB and is cut off'],
  ['sample limit exceeded', 'it sends more samples or labels than a target may'],
  ['Get "https://10.0.0.1:9100/metrics": http: server gave HTTP response to HTTPS client', 'it speaks HTTP, not HTTPS'],
  [
    'Get "https://h:9100/metrics": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'its TLS certificate is not trusted, or it speaks no TLS',
  ],
  ['something new', 'something new'],
])('a failed scrape is said in a sentence: %s', (said, meant) => {
  expect(scrapeReason(said)).toBe(meant);
});
