#pragma once

#include <string>

#include "common/kube/json.h"
#include "port-service/domain/pool_store.h"

namespace berth::port {

/// A new PortPool in Berth's namespace `ns`, with its finalizer.
kube::Json NewPoolObject(const PoolSpec& spec, const std::string& ns);

/// Writes the spec into a PortPool object; fields this version does not know stay. True if anything
/// changed.
bool SetPoolSpec(kube::Json& object, const PoolSpec& spec);

}  // namespace berth::port
