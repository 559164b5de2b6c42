/** A part of Swagger UI as its plugins see it: React is its own. */
interface System {
  readonly React: {
    readonly createElement: (
      type: unknown,
      properties: object | null,
      ...children: readonly unknown[]
    ) => unknown;
    readonly useState: (initial: boolean) => readonly [boolean, (next: boolean) => void];
  };
  readonly getComponent: (name: string, container?: boolean) => unknown;
}

interface ResponseProperties {
  readonly code: string;
  readonly response: { readonly get: (name: 'description') => string };
}

/**
 * Shows errors as one row each, with a button for headers and example: opened all at once they would bury the rest. Swagger UI
 * runs this in the browser, so it may use nothing from outside of itself.
 */
export const FOLDED_ERRORS = (): object => ({
  wrapComponents: {
    response:
      (Original: unknown, { React, getComponent }: System) =>
      (properties: ResponseProperties) => {
        const { code, response } = properties;
        const [open, setOpen] = React.useState(/^2/.test(code));
        if (open) return React.createElement(Original, properties);
        return React.createElement(
          'tr',
          { className: 'response folded', 'data-code': code },
          React.createElement('td', { className: 'response-col_status' }, code),
          React.createElement(
            'td',
            { className: 'response-col_description' },
            React.createElement(getComponent('Markdown', true), { source: response.get('description') }),
          ),
          React.createElement(
            'td',
            { className: 'response-col_links' },
            React.createElement(
              'button',
              {
                type: 'button',
                className: 'fold',
                onClick: () => {
                  setOpen(true);
                },
              },
              'Example',
            ),
          ),
        );
      },
  },
});

/** Less white space, and no list of links between operations, which there are none of. */
export const STYLE = `
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .info .title { font-size: 28px; }
.swagger-ui .topbar { display: none; }
.swagger-ui .opblock-description-wrapper { padding-bottom: 0; }
.swagger-ui .parameters-col_description { padding-bottom: 4px; }
.swagger-ui .examples-select { display: flex; align-items: baseline; gap: 8px; margin: 4px 0; }
.swagger-ui table tbody tr td { padding: 4px 0 0; }
.swagger-ui .parameters-col_description p, .swagger-ui .response-col_description p { margin: 0 0 4px; }
.swagger-ui .opblock-body pre.microlight, .swagger-ui .highlight-code > .microlight { max-height: 180px; overflow: auto; }
.swagger-ui .response.folded .fold { border: 1px solid #888; border-radius: 4px; background: none; color: inherit; cursor: pointer; font-size: 12px; padding: 2px 8px; }
.swagger-ui .response-col_links { min-width: 6em; text-align: right; }
`;
