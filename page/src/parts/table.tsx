/** A table that scrolls inside itself where there is no room, and says what it holds. */
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row, index: number) => ComponentChildren;
  /** Numbers stand at the right with digits of one width. */
  readonly number?: boolean;
  /** The cell names its row. */
  readonly heads?: boolean;
  /** Left out where the page is narrow. */
  readonly wide?: boolean;
  readonly class?: string;
}

export interface TableProps<Row> {
  /** What the table shows, for readers who cannot see where it stands. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, index: number) => string | number;
  readonly rowClass?: (row: Row) => string | undefined;
}

function classes(column: Column<never>): string {
  return [column.number && "number", column.wide && "wide", column.class].filter(Boolean).join(" ");
}

export function Table<Row>({ caption, columns, rows, keyOf, rowClass }: TableProps<Row>) {
  return (
    <div class="table" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={classes(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={keyOf(row, index)} class={rowClass?.(row)}>
              {columns.map((column) =>
                column.heads ? (
                  <th key={column.title} scope="row" class={classes(column)}>
                    {column.cell(row, index)}
                  </th>
                ) : (
                  <td key={column.title} class={classes(column)}>
                    {column.cell(row, index)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
