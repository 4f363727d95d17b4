#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace berth::helm {

/// What an answer with a status other than 200 of a server of charts, indexes or images means.
/// `what` was asked for, such as "chart".
///
/// | HTTP         | absl code           | ErrorInfo reason         |
/// |--------------|---------------------|--------------------------|
/// | 401, 403     | PERMISSION_DENIED   | CHART_SOURCE_DENIED      |
/// | 404          | NOT_FOUND           | CHART_NOT_FOUND          |
/// | 429, 5xx     | UNAVAILABLE         | CHART_SOURCE_UNAVAILABLE |
/// | other        | FAILED_PRECONDITION | CHART_SOURCE_UNAVAILABLE |
absl::Status SourceRefusal(int http_status, std::string_view what);

}  // namespace berth::helm
