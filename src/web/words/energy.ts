import { both } from './both.ts';

export const energy = both(
  {
    energy: {
      title: 'Energy',
      devices: 'Devices',
      power: 'Power of all devices',
      current: 'Current',
      todayShort: 'Today',
      sum: 'Now {{answering}} of {{count}} devices together draw',
      today: 'and today, since {{since}}, drew',
      empty:
        'No energy device is watched yet. One that answers /metrics with energy_power_watts is added as a target of the profile “Energy device”.',
    },
  },
  {
    energy: {
      title: 'Energía',
      devices: 'Dispositivos',
      power: 'Potencia de todos los dispositivos',
      current: 'Corriente',
      todayShort: 'Hoy',
      sum: 'Ahora {{answering}} de {{count}} dispositivos consumen juntos',
      today: 'y hoy, desde las {{since}}, han consumido',
      empty:
        'Todavía no se vigila ningún dispositivo de energía. Uno que responda a /metrics con energy_power_watts se añade como objetivo del perfil «Dispositivo de energía».',
    },
  },
);
