#pragma once

#include <google/protobuf/duration.pb.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/status/status.h"
#include "helm-service/domain/action.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

// Options as requests carry them, checked. What is wrong is added to `violations`.

ApplyOptions ReadApplyOptions(FieldViolations& violations, const v1::ApplyOptions& options,
                              bool wait);
ValuesPolicy ReadValuesPolicy(FieldViolations& violations, v1::ValuesPolicy policy);
WriteOptions ReadWriteOptions(FieldViolations& violations,
                              const v1::RollbackReleaseRequest& request);
Uninstall ReadUninstall(FieldViolations& violations, const v1::UninstallReleaseRequest& request);
std::optional<int> ReadHistoryLimit(FieldViolations& violations, std::int32_t limit);
/// Nothing for null.
std::optional<std::chrono::seconds> ReadStepTimeout(FieldViolations& violations,
                                                    std::string_view field,
                                                    const google::protobuf::Duration* timeout);

}  // namespace berth::helm
