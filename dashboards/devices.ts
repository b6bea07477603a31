import { type Dashboard, detailPanel, featurePanel, share } from './panel.ts';

/** A device that measures its own consumption. */
export const energyDevice: Dashboard = {
  slug: 'energy-device',
  profile: 'energy-device',
  title: { en: 'Energy device', es: 'Dispositivo de energía' },
  panels: [featurePanel('power', 'watts', 'Power', 'Potencia'), featurePanel('current', 'amperes', 'Current', 'Corriente')],
};

/** A switch or router through the SNMP exporter. */
export const snmpSwitch: Dashboard = {
  slug: 'snmp-switch',
  profile: 'snmp-switch',
  title: { en: 'Switch (SNMP)', es: 'Conmutador (SNMP)' },
  panels: [
    featurePanel('receive', 'bytes_per_second', 'Traffic in', 'Tráfico de entrada'),
    featurePanel('transmit', 'bytes_per_second', 'Traffic out', 'Tráfico de salida'),
    featurePanel('busiest_port', 'ratio', 'Busiest port', 'Puerto más ocupado', share),
    detailPanel('ports', 'bytes_per_second', 'Ten busiest ports', 'Los diez puertos más ocupados', [
      { expr: 'topk(10, rate(ifHCInOctets{$selector}[$rate]) + rate(ifHCOutOctets{$selector}[$rate]))', legend: '{{ifName}}' },
    ]),
    featurePanel('errors', 'per_second', 'Errors', 'Errores'),
    featurePanel('discards', 'per_second', 'Discards', 'Descartes'),
    featurePanel('broadcasts', 'per_second', 'Broadcasts in', 'Difusiones de entrada'),
    featurePanel('ports_up', 'count', 'Ports up', 'Puertos activos'),
    featurePanel('ports_broken', 'count', 'Ports down that should be up', 'Puertos caídos que deberían estar activos'),
  ],
};
