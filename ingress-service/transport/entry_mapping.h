#pragma once

#include "absl/status/statusor.h"
#include "ingress-service/domain/adopter.h"
#include "ingress-service/domain/driver.h"

#include "berth/ingress/v1/ingress_service.pb.h"

namespace berth::ingress {

/// INVALID_ARGUMENT, INVALID_FIELD with every field at fault.
absl::StatusOr<Adopter::Request> ToAdoption(const v1::AdoptRulesRequest& request);

v1::AdoptRuleResult ToProto(const Adoption& adoption);

v1::EntryDrift ToProto(const ObjectDrift& drift);

}  // namespace berth::ingress
