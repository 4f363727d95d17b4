#pragma once

#include <google/protobuf/wrappers.pb.h>

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "common/operation/handler.h"

namespace berth::helm {

/// The text that an operation ended with; its result is a StringValue.
inline std::string ResultOf(const operation::Progress& progress) {
  if (!std::holds_alternative<operation::Done>(progress)) return "not done";
  google::protobuf::StringValue result;
  std::get<operation::Done>(progress).result.UnpackTo(&result);
  return result.value();
}

/// The error that an operation ended with.
inline absl::Status ErrorOf(const operation::Progress& progress) {
  return std::holds_alternative<operation::Failed>(progress)
             ? std::get<operation::Failed>(progress).error
             : absl::UnknownError("has not failed");
}

}  // namespace berth::helm
