import { expect, test } from 'vitest';
import { replicaOf } from '../../src/server/docker/application.ts';

const of = (name: string, image = '', labels: Record<string, string> = {}) => replicaOf({ name, image, labels });

test('labels of Compose and Swarm come before a name, a name before an image', () => {
  const compose = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web', 'com.docker.compose.container-number': '2' };
  expect(of('whatever-7', 'nginx:1.27', compose)).toEqual({ application: 'shop/web', replica: '2' });
  expect(of('api.3.x8k2', 'api:1', { 'com.docker.swarm.service.name': 'api' })).toEqual({ application: 'api', replica: '3' });
  expect(of('api-2', 'nginx:1.27')).toEqual({ application: 'api', replica: '2' });
  expect(of('blog', 'registry.example:5000/team/nginx:1.27@sha256:00')).toEqual({ application: 'nginx', replica: 'blog' });
});

test('half of a pair of labels says nothing', () => {
  expect(of('blog', 'nginx', { 'com.docker.compose.project': 'shop' }).application).toBe('nginx');
});

test('a number without a separator is part of the name, and an image without a name is no application', () => {
  expect(of('redis6', 'redis:6').application).toBe('redis');
  expect(of('lonely', 'sha256:2f1b')).toEqual({ application: 'lonely', replica: 'lonely' });
  expect(of('lonely', '0123456789abcdef').application).toBe('lonely');
  expect(of('-1', '').application).toBe('-1');
});
