"""The register of schools and their exclusions: every school in question once, tested or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.model import SCHOOL_COLUMNS, Identity, Note, Schools
from hotspots.sources import _cell_values, _tabular
from hotspots.sources.exclusions import Exclusions, read_exclusions
from hotspots.vocabulary import INVENTED, OPEN, RESTRICTED, WEST_MIDLANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "urn": ("URN",),
    "laestab": ("laestab", "LAESTAB"),
    "la_number": ("LA (code)", "lea_code", "old_la_code"),
    "number": ("EstablishmentNumber", "estab"),
    "la_name": ("LA (name)", "la_name"),
    "second_la_name": ("la_name_by_point",),
    "name": ("EstablishmentName", "school_name"),
    "type": ("TypeOfEstablishment (name)", "school_type_census", "school_type"),
    "second_type": ("school_type_ks4",),
    "phase": ("PhaseOfEducation (name)", "phase"),
    "status": ("EstablishmentStatus (name)", "status"),
    "easting": ("Easting",),
    "northing": ("Northing",),
}
"""Role → names of the column, in the register of the Department for Education and in its performance tables."""

STATE_FUNDED: Final = frozenset(
    {
        "academy converter",
        "academy sponsor led",
        "city technology college",
        "community school",
        "foundation school",
        "free schools",
        "studio schools",
        "university technical college",
        "voluntary aided school",
        "voluntary controlled school",
        # Names of the school census and of the performance tables, which list secondary schools only.
        "state-funded secondary",
        "academy",
        "maintained school",
    }
)
SECONDARY_PHASES: Final = frozenset({"secondary", "all-through", "middle deemed secondary"})
OPEN_STATUS: Final = frozenset({"open", "open, but proposed to close"})

DFE_AUTHORITIES: Final = dict(zip(range(330, 337), WEST_MIDLANDS, strict=True))
"""DfE's local authority numbers for the same seven."""

NOT_OPEN: Final = "not open"
NOT_STATE: Final = "not a state-funded mainstream school"
NOT_SECONDARY: Final = "not a secondary school"
ELSEWHERE: Final = "in an authority without exclusions in the file"
NO_RECORD: Final = "no exclusions on record in these years"
NOT_REGISTERED: Final = "not in the register of schools"
SAME_SCHOOL: Final = "successor of a school that has its own row"
BY_NUMBER: Final = "number"
BY_URN: Final = "URN"
BY_NAME: Final = "name and authority"
NO_POINT: Final = "no point in the register of schools"


def read_schools(
    register: Path | str,
    *,
    exclusions: Path | str | Exclusions,
    years: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    hidden: tuple[int, int] = (1, 2),
    source: str = "Department for Education: register of schools; permanent exclusions by school",
    release: str = OPEN,
) -> Schools:
    """Return the open state-funded secondary schools with pupils and permanent exclusions over the years.

    In question are schools that are open (also if proposed to close), state-funded and mainstream (community,
    foundation, voluntary aided and controlled schools, city technology colleges, academies, free schools, studio
    schools, university technical colleges), of the secondary phase (also all-through and middle deemed
    secondary), in an authority of the exclusions file. The other rows of the register are dropped by reason.
    Schools are linked by `laestab` (number of the authority and of the school), which usually stays when a school
    becomes an academy, by URN where that fails, and else by `successors`, where the files bear it out; `linked` says
    how. A secondary school that has exclusions but is not among them gets a
    row of its own, without a point and with the reason; it counts as read and kept.

    Parameters
    ----------
    register
        The register, or a table of schools laid out like it.
    exclusions
        Headcount and permanent exclusions by school and year: a file, or what was read from one (then `years` and
        `hidden` were chosen there). What was tightened with totals gives schools marked restricted, for it may give
        what the publisher hid; invented ones stay invented.
    years
        School years to sum over, e.g. ``["201516", "201617"]`` or ``["2016/17"]``; all of the file if None.
    columns
        What the register calls `urn`, `laestab`, `la_number`, `number`, `la_name`, `name`, `type`, `phase`,
        `status`, `easting`, `northing`, where it has none of the usual names.
    hidden
        Lowest and highest number behind the mark ``x``.

    Raises
    ------
    SourceError
        If a file, column or year is missing, two open schools share a number, no number is in both files, or a cell
        can't be read.
    """
    if not isinstance(exclusions, Exclusions):
        exclusions = read_exclusions(exclusions, years=years, hidden=hidden)
    exclusions = exclusions.link_successors()
    excluded = exclusions.table
    table = _tabular.read_table(register)
    rows = _read_register(table, columns)
    ids, linked = _link(rows, excluded)
    rows = rows.assign(school_id=ids, linked=linked)
    sieve = _sieve_schools(rows, excluded)
    rows = _link_by_name(rows, exclusions, sieve.keep)
    kept = rows[sieve.keep]
    _need_one_school(kept, table.path)
    _need_common_numbers(rows, excluded, table.path)
    known = _with_exclusions(kept.set_index("school_id"), excluded)
    added = _only_excluded(excluded, known.index, rows[~sieve.keep])
    schools = pd.concat([known, added]) if len(added) else known
    notes = [*table.notes, *exclusions.notes]
    for has, what, taken in (("has_status", "status", "open"), ("has_phase", "phase", "secondary")):
        if not bool(rows[has].all()):
            words = f"The register has no column of the {what}: every row was treated as a school that is {taken}."
            notes.append(Note(words, of="publication"))
    unlinked = int((kept["linked"] == BY_URN).sum())
    if unlinked:
        words = f"{unlinked:,} schools were linked by URN, because their number was not among the exclusions."
        notes.append(Note(words, of="publication", numbers=(unlinked,)))
    renamed = int(kept["linked"].str.startswith(BY_NAME).sum())
    if renamed:
        words = f"{renamed:,} schools were linked by name and authority, because the register has a newer number."
        notes.append(Note(words, of="publication", numbers=(renamed,)))
    if len(added):
        words = (
            f"{len(added):,} schools have exclusions but are not open state-funded secondary schools of the register; "
            "they are listed without a location and counted among the rows read."
        )
        notes.append(Note(words, of="publication", numbers=(len(added),)))
    return Schools(
        schools,
        rows_read=len(table) + len(added),
        dropped=sieve.dropped,
        identity=Identity(
            release=RESTRICTED if exclusions.tightened and release != INVENTED else release,
            sources=(source,),
            period=exclusions.period,
            notes=tuple(notes),
        ),
    )


# --------------------------------------------------------------------------- the register


class _Column(Protocol):
    """Finds the column of a role; None where it need not be there and isn't."""

    def __call__(self, role: str, *, needed: bool = False) -> pd.Series | None: ...


def _read_register(table: _tabular.TextTable, columns: Mapping[str, str] | None) -> pd.DataFrame:
    """Return the register with the names of `ROLES`: text, empty where there is no such column, and coordinates."""
    names = _tabular.choose_columns(dict.fromkeys(ROLES, ""), columns)

    def column(role: str, *, needed: bool = False) -> pd.Series | None:
        option = f"columns = {{ {role} = ... }}"
        if names[role]:
            return table.frame[table.need(names[role], option=option)]
        usual = table.need(*ROLES[role], option=option) if needed else table.find(*ROLES[role])
        return table.frame[usual] if usual else None

    blank = pd.Series("", index=table.frame.index, dtype=object)
    texts = {role: column(role) for role in ("urn", "la_name", "second_la_name", "second_type", "phase", "status")}
    texts |= {role: column(role, needed=True) for role in ("name", "type")}
    rows = pd.DataFrame({role: blank if text is None else text.astype(object) for role, text in texts.items()})
    for role in ("type", "la_name"):
        rows[role] = rows[role].where(rows[role] != "", rows[f"second_{role}"])
    rows["laestab"] = _laestab(table, column)
    for role in ("easting", "northing"):
        cells = column(role, needed=True)
        assert cells is not None
        rows[role] = _cell_values.to_number(cells, path=table.path, kind="number").values
    nowhere = rows["easting"].isna() | rows["northing"].isna() | ((rows["easting"] == 0) & (rows["northing"] == 0))
    rows[["easting", "northing"]] = rows[["easting", "northing"]].mask(nowhere)
    # A register without these columns lists open secondary schools.
    rows["has_status"], rows["has_phase"] = texts["status"] is not None, texts["phase"] is not None
    return rows


def _laestab(table: _tabular.TextTable, column: _Column) -> pd.Series:
    """Return authority number and school number in one, e.g. 3304015; empty where either is missing."""
    whole = column("laestab")
    if whole is not None:
        return whole.str.replace(r"[/ -]", "", regex=True).astype(object)
    authority, number = column("la_number", needed=True), column("number", needed=True)
    assert authority is not None
    assert number is not None
    both = (authority != "") & (number != "")
    return (authority + number.str.zfill(4)).where(both, "").astype(object)


def _link(rows: pd.DataFrame, excluded: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the id of each row of the register, and how it was linked with the exclusions."""
    ids = rows["laestab"].copy()
    with_urn = excluded[excluded["urn"] != ""]
    by_urn = dict(zip(with_urn["urn"], with_urn.index, strict=True))
    second = rows["urn"].map(by_urn)
    is_open = _is_open(rows)
    use = is_open & ~ids.isin(excluded.index) & second.notna() & ~second.isin(set(ids[is_open]))
    linked = pd.Series(np.where(ids.isin(excluded.index), BY_NUMBER, ""), index=rows.index, dtype=object)
    ids[use], linked[use] = second[use], BY_URN
    return ids.where(ids != "", "URN " + rows["urn"].astype(str)), linked


def _link_by_name(rows: pd.DataFrame, exclusions: Exclusions, in_question: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the register with schools that have a newer number there under that of their exclusions."""
    loose = rows[in_question & (rows["linked"] == "")]
    # A closed row of the register still has its number; what is open has it for itself.
    taken = set(rows.loc[_is_open(rows) & (rows["linked"] == BY_NUMBER), "school_id"])
    found = exclusions.renamed_in(loose, taken=taken)
    rows = rows.copy()
    for row, before, newer in zip(found.index, found["predecessor"], found["successor"], strict=True):
        if before in set(rows.loc[in_question, "school_id"]):
            rows.loc[row, "linked"] = f"{SAME_SCHOOL} ({before})"
        else:
            rows.loc[row, ["school_id", "linked"]] = [before, f"{BY_NAME} (in the register as {newer})"]
    return rows


def _is_open(rows: pd.DataFrame) -> pd.Series:
    return ~rows["has_status"] | rows["status"].str.casefold().isin(OPEN_STATUS)


def _sieve_schools(rows: pd.DataFrame, excluded: pd.DataFrame) -> _tabular.Sieve:
    """Return which schools are compared: open, state-funded and secondary ones of the authorities with exclusions."""
    sieve = _tabular.Sieve(len(rows))
    sieve.drop(~_is_open(rows), NOT_OPEN)
    sieve.drop(~rows["type"].str.casefold().isin(STATE_FUNDED), NOT_STATE)
    sieve.drop(rows["has_phase"] & ~rows["phase"].str.casefold().isin(SECONDARY_PHASES), NOT_SECONDARY)
    numbers, names = {one[:3] for one in excluded.index}, set(excluded["la_name"].str.casefold()) - {""}
    has_exclusions = rows["school_id"].str[:3].isin(numbers) | rows["la_name"].str.casefold().isin(names)
    sieve.drop(~has_exclusions, ELSEWHERE)
    return sieve


def _need_one_school(kept: pd.DataFrame, path: Path) -> None:
    problem = "Two open schools share the number {!r}."
    _tabular.need_distinct(
        kept, ("school_id",), path=path, problem=problem, advice="remove the row that is out of date"
    )


def _need_common_numbers(rows: pd.DataFrame, excluded: pd.DataFrame, path: Path) -> None:
    """Stop where the two files have no school in common: they are of other places, or number schools differently."""
    if (rows["linked"] != "").any():
        return
    first = list_briefly(map(repr, excluded.index), 3)
    raise SourceError(
        "No school of the exclusions is in the register of schools: no number is in both.",
        found=f"{len(excluded):,} schools with exclusions, the first {first}; {len(rows):,} in {path}, the first "
        f"{list_briefly(map(repr, rows['school_id']), 3)}",
        advice="give numbers of authority and school in one (laestab, e.g. 3304001) in both, of the same places",
    )


# --------------------------------------------------------------------------- both together


def _with_exclusions(kept: pd.DataFrame, excluded: pd.DataFrame) -> pd.DataFrame:
    """Return the schools of the register with their pupils and exclusions."""
    found = excluded.reindex(kept.index)
    codes = _authority_codes(excluded)
    number = pd.Series(kept.index.str[:3], index=kept.index)
    reason = found["reason"].where(found["reason"].notna(), NO_RECORD)
    reason = reason.mask((reason == "") & kept["easting"].isna(), NO_POINT)
    again = kept["linked"].str.startswith(SAME_SCHOOL)
    reason = reason.mask(again, kept["linked"])
    la_code = number.map(codes).where(lambda code: code.notna(), kept["la_name"].str.casefold().map(codes))
    named = kept["la_name"].where(kept["la_name"] != "", la_code.map(WEST_MIDLANDS))
    return pd.DataFrame(
        {
            "name": kept["name"],
            "la_code": la_code.astype(object),
            "la_name": named.astype(object),
            "easting": kept["easting"],
            "northing": kept["northing"],
            "pupils": found["pupils"],
            "low": found["low"],
            "high": found["high"],
            "years": found["years"].fillna(0).astype(int),
            "marks": found["marks"].where(found["marks"].notna(), "").astype(object),
            "hidden_years": found["hidden_years"].fillna(0).astype(int),
            "phase": kept["phase"],
            "type": kept["type"],
            "status": kept["status"],
            "linked": kept["linked"].mask(again, ""),
            "predecessors": found["predecessors"].where(found["predecessors"].notna(), "").astype(object),
            "reason": reason.astype(object),
        }
    )


def _authority_codes(excluded: pd.DataFrame) -> dict[str, str]:
    """Return number or name (in small letters) of an authority → its GSS code."""
    codes = {str(number): code for number, code in DFE_AUTHORITIES.items()}
    codes |= {name.casefold(): code for code, name in WEST_MIDLANDS.items()}
    with_code = excluded[excluded["la_code"] != ""]
    codes |= {str(laestab)[:3]: str(code) for laestab, code in with_code["la_code"].items()}
    return codes | {
        str(name).casefold(): str(code) for name, code in zip(with_code["la_name"], with_code["la_code"], strict=True)
    }


def _only_excluded(excluded: pd.DataFrame, known: pd.Index, left_out: pd.DataFrame) -> pd.DataFrame:
    """Return a row for every school with exclusions that is not among those of the register."""
    others = excluded[~excluded.index.isin(known)]
    registered = others.index.isin(left_out["school_id"])
    reason = np.where(
        registered, "in the register of schools, but not as an open state-funded secondary", NOT_REGISTERED
    )
    added = others.assign(easting=np.nan, northing=np.nan, reason=reason, phase="", type="", status="", linked="")
    codes = _authority_codes(excluded)
    number = pd.Series(added.index.str[:3], index=added.index)
    added["la_code"] = added["la_code"].where(added["la_code"] != "", number.map(codes))
    return added[list(SCHOOL_COLUMNS)]
