#include "common/kube/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/http/status.h"
#include "common/kube/curl_transport.h"
#include "common/kube/error_response.h"
#include "common/kube/jitter.h"
#include "common/kube/object.h"
#include "common/kube/percent.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMinBackoff{50};
constexpr milliseconds kMaxBackoff{2'000};
/// A server error that stays is a refusal, such as an admission webhook's; a lost connection is
/// worth the whole timeout.
constexpr int kMaxServerErrors = 5;

constexpr auto kMaxServerTimeAge = std::chrono::seconds(30);

constexpr char kAcceptJson[] = "Accept: application/json";
constexpr char kAcceptMetadata[] =
    "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
constexpr char kAcceptMetadataList[] =
    "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
constexpr char kJsonContent[] = "Content-Type: application/json";
constexpr char kMergePatchContent[] = "Content-Type: application/merge-patch+json";

/// Query parameters in the order given; those with an empty value are left out.
std::string Query(std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, PercentEncode(value));
  }
  return query;
}

std::string VersionParameter(Consistency consistency) {
  return consistency == Consistency::kAny ? "0" : "";
}

std::string DryRunParameter(Effect effect) { return effect == Effect::kDryRun ? "All" : ""; }

absl::Status InvalidCall(std::string_view text) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INTERNAL, text);
}

std::string Describe(std::string_view verb, const Resource& resource, const ObjectName& name) {
  const std::string object = name.ToString();
  return object.empty() ? fmt::format("{} {}", verb, resource.plural)
                        : fmt::format("{} {} {}", verb, resource.plural, object);
}

/// An empty name would make the collection the target.
absl::Status CheckName(const Resource& resource, const ObjectName& name) {
  if (name.name.empty()) return InvalidCall(fmt::format("a {} without a name", resource.kind));
  if (name.ns.empty() == (resource.scope == Scope::kNamespaced)) {
    return InvalidCall(fmt::format("{} '{}': namespace '{}' does not fit its scope", resource.kind,
                                   name.name, name.ns));
  }
  return absl::OkStatus();
}

std::string Encode(const Json& object) {
  return object.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string_view PropagationName(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground:
      return "Background";
    case Propagation::kForeground:
      return "Foreground";
    case Propagation::kOrphan:
      return "Orphan";
  }
  return "Background";
}

void FillTypes(const Resource& resource, std::vector<Json>& items) {
  for (Json& item : items) {
    if (!item.contains("apiVersion")) item["apiVersion"] = resource.ApiVersion();
    if (!item.contains("kind")) item["kind"] = std::string(resource.kind);
  }
}

}  // namespace

/// Whether a call may be sent again though an earlier try may have been carried out.
enum class Client::Repeat { kRead, kSafeWrite, kUnsafeWrite };

struct Client::Call {
  /// For error texts: "update services shop/web".
  std::string what;
  HttpMethod method = HttpMethod::kGet;
  std::string target;
  std::vector<std::string> headers;
  std::string body;
  Repeat repeat = Repeat::kRead;
  const CallOptions& options;

  /// Of a write; `meets_itself` if a second one is refused where the first was carried out.
  static Repeat RepeatOf(Effect effect, bool meets_itself) {
    if (effect == Effect::kDryRun) return Repeat::kRead;
    return meets_itself ? Repeat::kSafeWrite : Repeat::kUnsafeWrite;
  }
};

/// Decides about one call's next try.
class Client::Attempts {
 public:
  explicit Attempts(const Call& call) : call_(call) {}

  /// Takes a failed try; true if the call may be sent again.
  bool MayRepeatAfterFailure(const absl::Status& failure) {
    if (SendStateOf(failure) == SendState::kNotSent) return Allowed();
    NoteMaybeApplied();
    return Allowed() && call_.repeat != Repeat::kUnsafeWrite &&
           failure.code() == absl::StatusCode::kUnavailable;
  }

  bool MayRepeatAfterStatus(int http_status) {
    if (http_status == http::kTooManyRequests) return Allowed();
    if (http_status < http::kServerError) return false;
    NoteMaybeApplied();
    return Allowed() && http_status != http::kNotImplemented &&
           call_.repeat != Repeat::kUnsafeWrite && ++server_errors_ < kMaxServerErrors;
  }

  /// How long to wait before the next try.
  milliseconds NextWait(std::optional<std::chrono::seconds> asked) {
    const milliseconds wait = Jittered(backoff_);
    backoff_ = std::min(backoff_ * 2, kMaxBackoff);
    return asked ? std::max<milliseconds>(*asked, wait) : wait;
  }

  /// The call's error, marked if an earlier try may have been carried out.
  absl::Status Conclude(absl::Status error) const {
    return maybe_applied_ ? MarkMayHaveBeenApplied(std::move(error)) : error;
  }

 private:
  bool Allowed() const { return call_.options.retry == Retry::kWhenSafe; }
  void NoteMaybeApplied() { maybe_applied_ = call_.repeat != Repeat::kRead; }

  const Call& call_;
  milliseconds backoff_ = kMinBackoff;
  int server_errors_ = 0;
  bool maybe_applied_ = false;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const Config& config, Options options) {
  ASSIGN_OR_RETURN(auto transport, CurlTransport::Create(config, std::move(options.user_agent)));
  return std::make_unique<Client>(std::move(transport), RealClock());
}

Client::Client(std::unique_ptr<HttpTransport> transport, Clock& clock)
    : transport_(std::move(transport)), clock_(clock), server_clock_(clock) {}

Client::~Client() = default;

absl::StatusOr<HttpResponse> Client::Run(const Call& call) {
  const Clock::TimePoint deadline = clock_.Now() + call.options.timeout;
  const HttpRequest request{.method = call.method,
                            .target = call.target,
                            .headers = call.headers,
                            .body = call.body,
                            .deadline = deadline,
                            .stop = call.options.stop};
  Attempts attempts(call);
  while (true) {
    const Clock::TimePoint sent = clock_.Now();
    absl::StatusOr<HttpResponse> response = transport_->Send(request);
    absl::Status error;
    bool may_repeat = false;
    std::optional<std::chrono::seconds> asked_wait;
    if (response.ok()) {
      TakeDate(response->head, sent);
      const int status = response->head.status;
      if (status >= http::kOk && status < http::kMultipleChoices) return response;
      may_repeat = attempts.MayRepeatAfterStatus(status);
      asked_wait = RetryAfterHeader(response->head);
      error = ErrorFromResponse(*response, call.what);
    } else {
      may_repeat = attempts.MayRepeatAfterFailure(response.status());
      error = ErrorFromFailure(response.status(), call.what);
    }
    if (!may_repeat) return attempts.Conclude(std::move(error));
    const Clock::TimePoint next = clock_.Now() + attempts.NextWait(asked_wait);
    if (next >= deadline || !WaitUntil(next, call.options.stop)) {
      return attempts.Conclude(std::move(error));
    }
  }
}

bool Client::WaitUntil(Clock::TimePoint time, const std::stop_token& stop) {
  Mutex mutex;
  CondVar wake;
  const std::stop_callback on_stop(stop, [&] {
    MutexLock lock(mutex);
    wake.NotifyAll();
  });
  MutexLock lock(mutex);
  while (!stop.stop_requested() && clock_.Now() < time) clock_.WaitUntil(mutex, wake, time);
  return !stop.stop_requested();
}

void Client::TakeDate(const HttpHead& head, Clock::TimePoint sent) {
  const auto found = head.headers.find("date");
  if (found == head.headers.end()) return;
  const auto date = ParseHttpDate(found->second);
  if (date.ok()) server_clock_.AddSample(*date, sent, clock_.Now());
}

absl::StatusOr<Json> Client::RunForObject(const Call& call) {
  ASSIGN_OR_RETURN(const HttpResponse response, Run(call));
  Json object = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (object.is_object()) return object;
  const absl::Status error =
      ErrorFromFailure(absl::UnavailableError("the answer is not a JSON object"), call.what);
  return call.repeat == Repeat::kRead ? error : MarkMayHaveBeenApplied(error);
}

absl::StatusOr<Json> Client::Get(const Resource& resource, const ObjectName& name,
                                 const GetOptions& options) {
  RETURN_IF_ERROR(CheckName(resource, name));
  return RunForObject({
      .what = Describe("get", resource, name),
      .target = resource.ObjectPath(name.ns, name.name) +
                Query({{"resourceVersion", VersionParameter(options.consistency)}}),
      .headers = {options.form == Form::kMetadata ? kAcceptMetadata : kAcceptJson},
      .options = options.call,
  });
}

absl::StatusOr<ObjectList> Client::ListPage(const Resource& resource, const std::string& ns,
                                            const ListOptions& options) {
  const bool first_page = options.continue_token.empty();
  ASSIGN_OR_RETURN(
      Json list,
      RunForObject({
          .what = Describe("list", resource, {.ns = ns, .name = ""}),
          .target =
              resource.CollectionPath(ns) +
              Query({{"labelSelector", options.label_selector},
                     {"fieldSelector", options.field_selector},
                     {"limit", options.page_size > 0 ? std::to_string(options.page_size) : ""},
                     {"continue", options.continue_token},
                     {"resourceVersion", first_page ? VersionParameter(options.consistency) : ""}}),
          .headers = {options.form == Form::kMetadata ? kAcceptMetadataList : kAcceptJson},
          .options = options.call,
      }));
  ObjectList page;
  page.resource_version = StringAt(list, {"metadata", "resourceVersion"});
  page.continue_token = StringAt(list, {"metadata", "continue"});
  if (At(list, {"items"}).is_array()) {
    page.items = std::move(list["items"].get_ref<Json::array_t&>());
  }
  if (options.form == Form::kFull) FillTypes(resource, page.items);
  return page;
}

absl::StatusOr<ObjectList> Client::List(const Resource& resource, const std::string& ns,
                                        const ListOptions& options) {
  ObjectList whole;
  ListOptions next = options;
  do {
    auto page = ListPage(resource, ns, next);
    if (!page.ok() && IsExpired(page.status()) && !next.continue_token.empty()) {
      next.page_size = 0;
      next.continue_token.clear();
      whole.items.clear();
      page = ListPage(resource, ns, next);
    }
    RETURN_IF_ERROR(page.status());
    std::move(page->items.begin(), page->items.end(), std::back_inserter(whole.items));
    whole.resource_version = std::move(page->resource_version);
    next.continue_token = std::move(page->continue_token);
  } while (!next.continue_token.empty());
  return whole;
}

absl::StatusOr<Json> Client::Create(const Resource& resource, const Json& object,
                                    const WriteOptions& options) {
  const ObjectName name = NameOf(object);
  if (name.ns.empty() == (resource.scope == Scope::kNamespaced)) {
    return InvalidCall(fmt::format("{} '{}': namespace '{}' does not fit its scope", resource.kind,
                                   name.name, name.ns));
  }
  const bool is_named = !name.name.empty();
  return RunForObject({
      .what = Describe("create", resource, name),
      .method = HttpMethod::kPost,
      .target =
          resource.CollectionPath(name.ns) + Query({{"dryRun", DryRunParameter(options.effect)}}),
      .headers = {kAcceptJson, kJsonContent},
      .body = Encode(object),
      .repeat = Call::RepeatOf(options.effect, is_named),
      .options = options.call,
  });
}

absl::StatusOr<Json> Client::Update(const Resource& resource, const Json& object,
                                    const WriteOptions& options) {
  return Put(resource, object, "", options);
}

absl::StatusOr<Json> Client::UpdateStatus(const Resource& resource, const Json& object,
                                          const WriteOptions& options) {
  return Put(resource, object, "/status", options);
}

absl::StatusOr<Json> Client::Put(const Resource& resource, const Json& object,
                                 std::string_view subresource, const WriteOptions& options) {
  const ObjectName name = NameOf(object);
  RETURN_IF_ERROR(CheckName(resource, name));
  if (ResourceVersion(object).empty()) {
    return InvalidCall(fmt::format("{} {}: an update needs the resourceVersion that was read",
                                   resource.kind, name.ToString()));
  }
  return RunForObject({
      .what = Describe("update", resource, name),
      .method = HttpMethod::kPut,
      .target = fmt::format("{}{}{}", resource.ObjectPath(name.ns, name.name), subresource,
                            Query({{"dryRun", DryRunParameter(options.effect)}})),
      .headers = {kAcceptJson, kJsonContent},
      .body = Encode(object),
      .repeat = Call::RepeatOf(options.effect, /*meets_itself=*/true),
      .options = options.call,
  });
}

absl::StatusOr<Json> Client::Patch(const Resource& resource, const ObjectName& name,
                                   const Json& merge_patch, const PatchOptions& options) {
  RETURN_IF_ERROR(CheckName(resource, name));
  const bool guarded = !ResourceVersion(merge_patch).empty();
  const Repeat repeat = Call::RepeatOf(options.effect, guarded);
  return RunForObject({
      .what = Describe("patch", resource, name),
      .method = HttpMethod::kPatch,
      .target = fmt::format("{}{}{}{}", resource.ObjectPath(name.ns, name.name),
                            options.subresource.empty() ? "" : "/", options.subresource,
                            Query({{"dryRun", DryRunParameter(options.effect)}})),
      .headers = {kAcceptJson, kMergePatchContent},
      .body = Encode(merge_patch),
      .repeat = repeat,
      .options = options.call,
  });
}

absl::Status Client::Delete(const Resource& resource, const ObjectName& name,
                            const Preconditions& preconditions, const DeleteOptions& options) {
  RETURN_IF_ERROR(CheckName(resource, name));
  Json body = {{"apiVersion", "v1"},
               {"kind", "DeleteOptions"},
               {"propagationPolicy", PropagationName(options.propagation)}};
  if (!preconditions.uid.empty()) body["preconditions"]["uid"] = preconditions.uid;
  if (!preconditions.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = preconditions.resource_version;
  }
  if (options.effect == Effect::kDryRun) body["dryRun"] = {"All"};
  const bool guarded = !preconditions.uid.empty() || !preconditions.resource_version.empty();
  const Repeat repeat = Call::RepeatOf(options.effect, guarded);
  return Run({
                 .what = Describe("delete", resource, name),
                 .method = HttpMethod::kDelete,
                 .target = resource.ObjectPath(name.ns, name.name),
                 .headers = {kAcceptJson, kJsonContent},
                 .body = Encode(body),
                 .repeat = repeat,
                 .options = options.call,
             })
      .status();
}

Watch Client::StartWatch(const Resource& resource, const std::string& ns,
                         const WatchOptions& options) {
  // The server ends the watch; the margin lets it.
  constexpr auto kMargin = std::chrono::seconds(30);
  HttpRequest request{
      .method = HttpMethod::kGet,
      .target = resource.CollectionPath(ns) +
                Query({{"watch", "true"},
                       {"allowWatchBookmarks", "true"},
                       {"resourceVersion", options.resource_version},
                       {"labelSelector", options.label_selector},
                       {"fieldSelector", options.field_selector},
                       {"timeoutSeconds", std::to_string(options.duration.count())}}),
      .headers = {options.form == Form::kMetadata ? kAcceptMetadata : kAcceptJson},
      .deadline = clock_.Now() + options.duration + kMargin,
      .stop = options.stop};
  return Watch(transport_->Open(request), Describe("watch", resource, {.ns = ns, .name = ""}));
}

LogStream Client::FollowLog(const ObjectName& pod, const LogOptions& options) {
  const std::string limit = options.limit_bytes > 0 ? std::to_string(options.limit_bytes) : "";
  HttpRequest request{
      .method = HttpMethod::kGet,
      .target =
          kPods.ObjectPath(pod.ns, pod.name) + "/log" +
          Query({{"container", options.container}, {"follow", "true"}, {"limitBytes", limit}}),
      .deadline = clock_.Now() + options.duration,
      .stop = options.stop};
  return {transport_->Open(request), Describe("read the log of", kPods, pod)};
}

absl::StatusOr<Json> Client::Discover(const std::string& group, const std::string& version,
                                      const CallOptions& call) {
  const Resource any{.group = group, .version = version};
  return RunForObject({.what = fmt::format("discover {}", any.ApiVersion()),
                       .target = any.VersionPath(),
                       .headers = {kAcceptJson},
                       .options = call});
}

absl::StatusOr<Time> Client::ServerTime(const CallOptions& call) {
  const auto recent = server_clock_.Read();
  if (recent && recent->sample_age <= kMaxServerTimeAge) return recent->now;
  RETURN_IF_ERROR(CheckReady(call));
  const auto fresh = server_clock_.Read();
  if (fresh && fresh->sample_age <= kMaxServerTimeAge) return fresh->now;
  return ErrorFromFailure(absl::UnavailableError("the answer carries no Date"), "server time");
}

absl::Status Client::CheckReady(const CallOptions& call) {
  return Run({.what = "get /readyz", .target = "/readyz", .options = call}).status();
}

}  // namespace berth::kube
