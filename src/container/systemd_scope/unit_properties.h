// Limits as systemd calls them, so that what it writes again (systemctl daemon-reload, a change in a
// neighbour) is what the container was given. The files are written besides: systemd knows fewer settings
// and rounds some. docs/cgroups.md has the table. Pure.
#pragma once

#include <span>
#include <vector>

#include "base/dbus/wire.h"
#include "container/cgroup/plan_cgroup.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// Of a plan for v1 or v2; what systemd has no property for is left out, and so is a value that is none:
// the file will say what is wrong with it.
std::vector<dbus::Property> limit_properties(std::span<const CgroupWrite> writes);

// Annotations "org.systemd.property.NAME" with a value in GVariant's text format, as runc and crun take them:
//
//   value  := [ type ] scalar | [ "@" signature ] "[" [ value ("," value)* ] "]"
//   type   := "byte" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" |
//             "boolean" | "string" | "objectpath"
//   scalar := "true" | "false" | whole number (no type: int32) | "'" text "'" | '"' text '"'
//
// Arrays are of strings, bytes or uint32. A NAME that ends with Sec has a number of seconds and becomes USec.
Result<std::vector<dbus::Property>> annotated_properties(const oci::StringMap& annotations);

// Puts `property` in the place of the one of its name, or at the end.
void put(std::vector<dbus::Property>& list, dbus::Property property);

}  // namespace podo::runtime
