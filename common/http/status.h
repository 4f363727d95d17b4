#pragma once

namespace berth::http {

/// The status codes that clients here tell apart.
constexpr int kOk = 200;
constexpr int kMultipleChoices = 300;
constexpr int kNotModified = 304;
constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;
constexpr int kServerError = 500;
constexpr int kNotImplemented = 501;

}  // namespace berth::http
