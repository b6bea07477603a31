/** Which application a container is a replica of, and which of its replicas it is. */
export interface Replica {
  readonly application: string;
  readonly replica: string;
}

const compose = 'com.docker.compose';
const swarm = 'com.docker.swarm';

/** `shop-web-2`, `shop_web_2`, `shop.2`: a stem and a number. */
const numbered = /^(.+?)[-_.](\d{1,4})$/;

/**
 * By its labels, where Compose or Swarm made it; else by the stem of a numbered name; else by its image. An image without a
 * name says nothing: such a container is an application of its own.
 */
export function replicaOf(container: { name: string; image: string; labels: Readonly<Record<string, string>> }): Replica {
  const { name, labels } = container;
  const project = labels[`${compose}.project`];
  const service = labels[`${compose}.service`];
  if (project !== undefined && service !== undefined) {
    return { application: `${project}/${service}`, replica: labels[`${compose}.container-number`] ?? name };
  }
  const task = labels[`${swarm}.service.name`];
  if (task !== undefined) return { application: task, replica: slotOf(name, task) };
  const [, stem, number] = numbered.exec(name) ?? [];
  if (stem !== undefined && number !== undefined) return { application: stem, replica: number };
  return { application: imageStem(container.image) ?? name, replica: name };
}

/** Swarm calls a container SERVICE.SLOT.TASK. */
function slotOf(name: string, service: string): string {
  return name.startsWith(`${service}.`) ? (name.slice(service.length + 1).split('.', 1)[0] ?? name) : name;
}

/** `registry.example:5000/team/web:1.2@sha256:…` is `web`; a bare checksum is nothing. */
function imageStem(image: string): string | null {
  const named = image.split('@', 1)[0] ?? '';
  if (named === '' || named.startsWith('sha256:') || /^[0-9a-f]{12,64}$/.test(named)) return null;
  const last = named.slice(named.lastIndexOf('/') + 1);
  return last.split(':', 1)[0] || null;
}
