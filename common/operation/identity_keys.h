#pragma once

#include <string>

#include "common/config/config.h"
#include "common/operation/options.h"

namespace berth::operation {

/// Binds the keys that tell a replica which pod it is.
void AddIdentityKeys(config::Table& table, Identity& identity);

/// Fills in what a process outside of a pod was not told: this host's name, a uid that no other
/// process has, and the address that it listens on.
void CompleteIdentity(Identity& identity, const std::string& listen);

}  // namespace berth::operation
