#pragma once

#include <optional>
#include <string>

#include "common/kube/json.h"
#include "gateway/domain/held.h"
#include "gateway/domain/target.h"

// Claims, rules and Services as the gateway reads them: objects that other services write.
namespace berth::gateway {

/// The exposure that a claim or rule was made for; nothing for those of direct callers, and for
/// references that no exposure can have.
std::optional<ExposureRef> ExposureRefFromJson(const kube::Json& object);

Claim ClaimFromJson(const kube::Json& object);
Rule RuleFromJson(const kube::Json& object);
/// Nothing for an object whose name no Service can have.
std::optional<Service> ServiceFromJson(const kube::Json& object);

}  // namespace berth::gateway
