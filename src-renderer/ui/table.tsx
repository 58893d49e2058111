import { type KeyboardEvent, type ReactNode, useRef } from "react";

export type Column<T> = {
  readonly id: string;
  readonly title: string;
  readonly isNumber?: boolean;
  readonly width?: string;
  readonly cell: (row: T) => ReactNode;
  readonly className?: (row: T) => string;
};

type TableProps<T> = {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly selected?: string;
  readonly onSelect?: (row: T) => void;
  readonly onDelete?: (row: T) => void;
  /** Rows beyond this are counted, not drawn. */
  readonly bound?: number;
};

const BOUND = 200;

/** The newest rows that fit, and how many there are beside them. */
export function Table<T>(props: TableProps<T>) {
  const { rows, bound = BOUND } = props;
  return (
    <>
      <Rows {...props} />
      {rows.length > bound && (
        <p className="note short">
          The newest {bound} of {rows.length} are shown.
        </p>
      )}
    </>
  );
}

/** Text that the column cuts off can be read by pointing at it. */
function Cell<T>({ column, row }: { readonly column: Column<T>; readonly row: T }) {
  const content = column.cell(row);
  return (
    <td
      className={`${column.isNumber === true ? "number" : ""} ${column.className?.(row) ?? ""}`}
      title={typeof content === "string" ? content : undefined}
    >
      {content}
    </td>
  );
}

/** Rows and columns with roving focus: arrows move, Enter selects, Delete asks. */
function Rows<T>(props: TableProps<T>) {
  const { label, columns, rows, rowKey, selected, onSelect, onDelete, bound = BOUND } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const shown = rows.slice(0, bound);
  const hasSelected = shown.some((row) => rowKey(row) === selected);
  const move = (event: KeyboardEvent, index: number, row: T): void => {
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: shown.length - 1,
    };
    const target = targets[event.key];
    if (target !== undefined) {
      event.preventDefault();
      const next = body.current?.children[Math.max(0, Math.min(shown.length - 1, target))];
      if (next instanceof HTMLElement) next.focus();
    } else if (event.key === "Enter") onSelect?.(row);
    else if (event.key === "Delete") onDelete?.(row);
  };
  return (
    <table aria-label={label} aria-rowcount={rows.length + 1} className="fixed">
      <colgroup>
        {columns.map((column) => (
          <col key={column.id} style={column.width === undefined ? undefined : { width: column.width }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.id} scope="col" className={column.isNumber === true ? "number" : ""}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {shown.map((row, index) => {
          const key = rowKey(row);
          const isSelected = key === selected;
          return (
            <tr
              key={key}
              tabIndex={isSelected || (!hasSelected && index === 0) ? 0 : -1}
              aria-rowindex={index + 2}
              aria-selected={onSelect === undefined ? undefined : isSelected}
              onClick={() => onSelect?.(row)}
              onKeyDown={(event) => move(event, index, row)}
            >
              {columns.map((column) => (
                <Cell key={column.id} column={column} row={row} />
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
