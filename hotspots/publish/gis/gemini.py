"""The record of a file for a catalogue of spatial data: what UK GEMINI asks for, and what is not known said to be so.

References
----------
UK GEMINI 2.3 (Association for Geographic Information), encoded as ISO 19139. The elements are named there.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["GMD", "CatalogueRecord", "as_xml", "gemini_record"]

GMD: Final = "http://www.isotc211.org/2005/gmd"
GCO: Final = "http://www.isotc211.org/2005/gco"
GML: Final = "http://www.opengis.net/gml/3.2"
CODES: Final = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """What a catalogue is told.

    Parameters
    ----------
    title, abstract
        What it is.
    date
        Day of the file, as year-month-day.
    last_day
        Last day that the data cover, as year-month-day; empty where not known.
    extent
        West, south, east, north in degrees (WGS 84), or None where nothing has a place.
    lineage
        Sentences: sources, boundaries, population, methods.
    licences
        Lines that must be shown.
    limits
        Who may see it.
    contact
        Who made it; empty where not known.
    """

    title: str
    abstract: str
    date: str
    last_day: str
    extent: tuple[float, float, float, float] | None
    lineage: Sequence[str]
    licences: Sequence[str]
    limits: str
    contact: str


def gemini_record(record: CatalogueRecord) -> str:
    """Return the record as XML."""
    for prefix, uri in (("gmd", GMD), ("gco", GCO), ("gml", GML)):
        ET.register_namespace(prefix, uri)
    root = ET.Element(_gmd("MD_Metadata"))
    key = hashlib.sha256(f"{record.title}\n{record.date}".encode()).hexdigest()[:32]
    _text(root, "fileIdentifier", key)
    _code(root, "language", "LanguageCode", "eng")
    _code(root, "characterSet", "MD_CharacterSetCode", "utf8")
    _code(root, "hierarchyLevel", "MD_ScopeCode", "dataset")
    _text(root, "hierarchyLevelName", "dataset")
    _party(root, "contact", record.contact)
    _date(root, "dateStamp", record.date)
    _text(root, "metadataStandardName", "UK GEMINI")
    _text(root, "metadataStandardVersion", "2.3")
    system = _in(root, "referenceSystemInfo", "MD_ReferenceSystem", "referenceSystemIdentifier", "RS_Identifier")
    _text(system, "code", "EPSG:27700")
    _identification(root, record, key)
    form = _in(root, "distributionInfo", "MD_Distribution", "distributionFormat", "MD_Format")
    _text(form, "name", "GeoPackage")
    _text(form, "version", "1.3")
    quality = _in(root, "dataQualityInfo", "DQ_DataQuality")
    _code(_in(quality, "scope", "DQ_Scope"), "level", "MD_ScopeCode", "dataset")
    # A report without a result: conformity to a specification was not evaluated.
    ET.SubElement(quality, _gmd("report")).set(_gco("nilReason"), UNKNOWN)
    _text(_in(quality, "lineage", "LI_Lineage"), "statement", " ".join(record.lineage))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _identification(root: ET.Element, record: CatalogueRecord, key: str) -> None:
    data = _in(root, "identificationInfo", "MD_DataIdentification")
    citation = _in(data, "citation", "CI_Citation")
    _text(citation, "title", record.title)
    day = _in(citation, "date", "CI_Date")
    _date(day, "date", record.date)
    _code(day, "dateType", "CI_DateTypeCode", "creation")
    _text(_in(citation, "identifier", "MD_Identifier"), "code", key)
    _text(data, "abstract", record.abstract)
    _party(data, "pointOfContact", record.contact)
    upkeep = _in(data, "resourceMaintenance", "MD_MaintenanceInformation")
    _code(upkeep, "maintenanceAndUpdateFrequency", "MD_MaintenanceFrequencyCode", UNKNOWN)
    words = _in(data, "descriptiveKeywords", "MD_Keywords")
    _text(words, "keyword", "hotspot analysis")
    _text(words, "keyword", "violence")
    limits = _in(data, "resourceConstraints", "MD_LegalConstraints")
    _code(limits, "accessConstraints", "MD_RestrictionCode", "otherRestrictions")
    _text(limits, "otherConstraints", record.limits)
    use = _in(data, "resourceConstraints", "MD_LegalConstraints")
    _code(use, "useConstraints", "MD_RestrictionCode", "otherRestrictions")
    for line in record.licences or [""]:
        _text(use, "otherConstraints", line)
    _code(data, "spatialRepresentationType", "MD_SpatialRepresentationTypeCode", "vector")
    ET.SubElement(data, _gmd("spatialResolution")).set(_gco("nilReason"), UNKNOWN)
    _code(data, "language", "LanguageCode", "eng")
    topic = ET.SubElement(ET.SubElement(data, _gmd("topicCategory")), _gmd("MD_TopicCategoryCode"))
    topic.text = "society"
    _extent(_in(data, "extent", "EX_Extent"), record)


def _extent(extent: ET.Element, record: CatalogueRecord) -> None:
    if record.extent is None:
        ET.SubElement(extent, _gmd("geographicElement")).set(_gco("nilReason"), UNKNOWN)
    else:
        box = _in(extent, "geographicElement", "EX_GeographicBoundingBox")
        west, south, east, north = record.extent
        sides = {"westBoundLongitude": west, "eastBoundLongitude": east,
                 "southBoundLatitude": south, "northBoundLatitude": north}  # fmt: skip
        for side, degrees in sides.items():
            ET.SubElement(ET.SubElement(box, _gmd(side)), _gco("Decimal")).text = f"{degrees:.4f}"
    time = ET.SubElement(extent, _gmd("temporalElement"))
    if not record.last_day:
        time.set(_gco("nilReason"), UNKNOWN)
        return
    covered = ET.SubElement(_in(time, "EX_TemporalExtent", "extent"), f"{{{GML}}}TimePeriod")
    covered.set(f"{{{GML}}}id", "period")
    # Sources may start on different days, which their titles name.
    ET.SubElement(covered, f"{{{GML}}}beginPosition", indeterminatePosition=UNKNOWN)
    ET.SubElement(covered, f"{{{GML}}}endPosition").text = record.last_day


def as_xml(value: object) -> str:
    """Return a value as text without the characters that XML has no place for."""
    return NOT_IN_XML.sub("", str(value))


def _gmd(tag: str) -> str:
    return f"{{{GMD}}}{tag}"


def _gco(tag: str) -> str:
    return f"{{{GCO}}}{tag}"


def _in(parent: ET.Element, *tags: str) -> ET.Element:
    """Add elements, each inside the one before, and return the last."""
    for tag in tags:
        parent = ET.SubElement(parent, _gmd(tag))
    return parent


def _text(parent: ET.Element, tag: str, words: str) -> None:
    element = ET.SubElement(parent, _gmd(tag))
    if words:
        ET.SubElement(element, _gco("CharacterString")).text = as_xml(words)
    else:
        element.set(_gco("nilReason"), UNKNOWN)


def _code(parent: ET.Element, tag: str, of: str, value: str) -> None:
    known = {"codeList": f"{CODES}#{of}", "codeListValue": value}
    ET.SubElement(ET.SubElement(parent, _gmd(tag)), _gmd(of), known).text = value


def _date(parent: ET.Element, tag: str, day: str) -> None:
    ET.SubElement(ET.SubElement(parent, _gmd(tag)), _gco("Date")).text = day


def _party(parent: ET.Element, tag: str, name: str) -> None:
    party = _in(parent, tag, "CI_ResponsibleParty")
    _text(party, "organisationName", name)
    _code(party, "role", "CI_RoleCode", "pointOfContact")
