import { render } from 'preact';
import { App } from './app.js';
import { type ConsoleSettings, type Session, signedIn } from './session.js';
import { messageOf } from './use-loaded.js';

async function start(place: HTMLElement): Promise<void> {
  const settings = (await (await fetch('/console/settings.json')).json()) as ConsoleSettings;
  let first: Session | undefined;
  let fault = '';
  try {
    first = settings.oauth === null ? undefined : await signedIn(settings.oauth);
  } catch (error) {
    fault = messageOf(error);
  }
  render(<App settings={settings} first={first} fault={fault} />, place);
}

const place = document.getElementById('console');
if (place !== null) void start(place);
