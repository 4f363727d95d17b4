#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

/// Returns from the enclosing function if `expression`, an absl::Status, is an error.
#define RETURN_IF_ERROR(expression)                                     \
  do {                                                                  \
    if (absl::Status berth_status = (expression); !berth_status.ok()) { \
      return berth_status;                                              \
    }                                                                   \
  } while (false)

/// Evaluates `expression`, an absl::StatusOr<T>; returns its error, or assigns its value to
/// `target`, which may be a declaration: ASSIGN_OR_RETURN(Port port, Port::Parse(text));
#define ASSIGN_OR_RETURN(target, expression) \
  BERTH_ASSIGN_OR_RETURN(BERTH_CONCAT(berth_status_or_, __LINE__), target, expression)

/// `result` is a name and `target` may be a declaration: neither can stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define BERTH_ASSIGN_OR_RETURN(result, target, expression) \
  auto result = (expression);                              \
  if (!result.ok()) {                                      \
    return std::move(result).status();                     \
  }                                                        \
  target = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)

#define BERTH_CONCAT(left, right) BERTH_CONCAT_EXPANDED(left, right)
#define BERTH_CONCAT_EXPANDED(left, right) left##right
