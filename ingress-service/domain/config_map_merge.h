#pragma once

#include <map>
#include <string>

#include "common/kube/json.h"
#include "common/pool/port.h"
#include "ingress-service/domain/entries.h"

namespace berth::ingress {

/// Computes the entries of a ConfigMap whose keys are ports of one protocol ("20001":
/// "shop/web:80"), and its berth.dev/owned. Every entry that is not Berth's stays as it was read.
/// Wishes for the other protocol are left alone. A place counts as taken under any spelling of its
/// number that the controller reads as the same one.
Merged MergeConfigMap(const kube::Json& config_map, pool::Protocol protocol,
                      const EntryWishes& wishes, MergeScope scope);

/// Others' entries by their value, as far as their keys are spelt as the controller writes ports.
std::map<PortKey, std::string> ForeignEntries(const kube::Json& config_map, pool::Protocol protocol,
                                              const EntryWishes& wishes);

}  // namespace berth::ingress
