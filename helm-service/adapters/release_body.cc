#include "helm-service/adapters/release_body.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <istream>
#include <streambuf>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::helm {
namespace {

using Json = nlohmann::ordered_json;

absl::Status NotARelease(std::string_view why) {
  return Error(absl::StatusCode::kDataLoss, Reason::ERROR_REASON_RELEASE_UNREADABLE,
               "the release's stored body is not Helm's: " + std::string(why));
}

constexpr int kGzip = 16 + MAX_WBITS;

// Takes `data.release` apart on demand, piece by piece, so that nothing is decoded or unpacked
// beyond what is read. Ends, as if at the end of the data, at damage and at the limit.
class BodyBuffer final : public std::streambuf {
 public:
  BodyBuffer(std::string_view data, std::size_t limit) : data_(data), limit_(limit) {
    packed_ = NextPacked();
    is_gzip_ = packed_.starts_with("\x1f\x8b\x08");
    if (!is_gzip_) return;
    ready_ = ::inflateInit2(&stream_, kGzip) == Z_OK;
    Feed();
  }
  BodyBuffer(const BodyBuffer&) = delete;
  BodyBuffer& operator=(const BodyBuffer&) = delete;
  ~BodyBuffer() override {
    if (ready_) ::inflateEnd(&stream_);
  }

  // Otherwise it is the bare JSON that old Helms wrote.
  bool is_gzip() const { return is_gzip_; }

 protected:
  int_type underflow() override {
    if (read_ >= limit_) return traits_type::eof();
    const std::size_t size = is_gzip_ ? Inflate() : Copy();
    if (size == 0) return traits_type::eof();
    read_ += size;
    setg(piece_.data(), piece_.data(), piece_.data() + size);
    return traits_type::to_int_type(piece_[0]);
  }

 private:
  // Multiples of four stay whole through both decodings.
  static constexpr std::size_t kEncodedPiece = 16'384;
  static constexpr std::size_t kGroup = 4;

  // The next decoded bytes; none at the end and at damage.
  std::string NextPacked() {
    std::string bytes;
    while (bytes.empty() && !data_.empty()) {
      const std::string_view encoded = data_.substr(0, kEncodedPiece);
      data_.remove_prefix(encoded.size());
      std::string inner;
      if (!absl::Base64Unescape(std::string(encoded), &inner)) return Damaged();
      // Line breaks are no part of base64, and would break its groups.
      std::erase_if(inner, [](char letter) { return letter == '\n' || letter == '\r'; });
      pending_ += inner;
      const std::size_t whole =
          data_.empty() ? pending_.size() : pending_.size() - pending_.size() % kGroup;
      if (!absl::Base64Unescape(pending_.substr(0, whole), &bytes)) return Damaged();
      pending_.erase(0, whole);
    }
    return bytes;
  }

  std::string Damaged() {
    data_ = {};
    return "";
  }

  void Feed() {
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
  }

  std::size_t Inflate() {
    if (!ready_) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    while (!ended_ && stream_.avail_out == piece_.size()) {
      if (stream_.avail_in == 0) {
        packed_ = NextPacked();
        if (packed_.empty()) break;
        Feed();
      }
      ended_ = ::inflate(&stream_, Z_NO_FLUSH) != Z_OK;
    }
    return piece_.size() - stream_.avail_out;
  }

  std::size_t Copy() {
    if (packed_.empty()) packed_ = NextPacked();
    const std::size_t size = std::min(packed_.size(), piece_.size());
    packed_.copy(piece_.data(), size);
    packed_.erase(0, size);
    return size;
  }

  std::string_view data_;
  const std::size_t limit_;
  std::size_t read_ = 0;
  std::string pending_;  // decoded once
  std::string packed_;   // decoded twice
  bool is_gzip_ = false;
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  std::array<char, 16'384> piece_;
};

// Follows the parser's events and knows where in the document it stands.
class PathReader : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override {
    if (int* target = NumberTarget()) *target = static_cast<int>(value);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    return number_integer(static_cast<number_integer_t>(value));
  }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (std::string* target = Target()) *target = std::move(value);
    return true;
  }
  bool start_object(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool key(string_t& key) override {
    path_.back() = std::move(key);
    return true;
  }
  bool end_object() override {
    path_.pop_back();
    return Left();
  }
  bool start_array(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool end_array() override {
    path_.pop_back();
    return Left();
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 protected:
  // Where the string that stands at path() goes; null for nowhere.
  virtual std::string* Target() = 0;
  // The same of an integer.
  virtual int* NumberTarget() { return nullptr; }
  // The object or array at path() has ended; false ends parsing.
  virtual bool Left() = 0;

  // The key in each object that is open, an empty one for each array.
  const std::vector<std::string>& path() const { return path_; }
  bool IsAt(std::initializer_list<std::string_view> path) const {
    return std::equal(path_.begin(), path_.end(), path.begin(), path.end());
  }

 private:
  std::vector<std::string> path_;
};

// Takes `info` and `chart.metadata`, and ends parsing once it has both.
class BodyReader final : public PathReader {
 public:
  bool complete() const { return has_info_ && has_metadata_; }
  ReleaseBody Take() { return std::move(body_); }

 private:
  std::string* Target() override {
    if (IsAt({"info", "first_deployed"})) return &body_.first_deployed;
    if (IsAt({"info", "last_deployed"})) return &body_.last_deployed;
    if (IsAt({"info", "description"})) return &body_.description;
    if (IsAt({"info", "notes"})) return &body_.notes;
    if (IsAt({"chart", "metadata", "name"})) return &body_.chart_name;
    if (IsAt({"chart", "metadata", "version"})) return &body_.chart_version;
    if (IsAt({"chart", "metadata", "appVersion"})) return &body_.app_version;
    return nullptr;
  }

  bool Left() override {
    if (IsAt({"info"})) has_info_ = true;
    if (IsAt({"chart", "metadata"})) has_metadata_ = true;
    return !complete();
  }

  ReleaseBody body_;
  bool has_info_ = false;
  bool has_metadata_ = false;
};

// Takes `manifest` and `hooks`.
class ContentReader final : public PathReader {
 public:
  bool complete() const { return complete_; }
  ReleaseContent Take() { return std::move(content_); }

 private:
  static constexpr std::size_t kMostHooks = 1'000;

  std::string* Target() override {
    if (IsAt({"manifest"})) return &content_.manifest;
    if (path().size() < 3 || path()[0] != "hooks") return nullptr;
    if (IsAt({"hooks", "", "name"})) return &hook_.name;
    if (IsAt({"hooks", "", "kind"})) return &hook_.kind;
    if (IsAt({"hooks", "", "path"})) return &hook_.path;
    if (IsAt({"hooks", "", "manifest"})) return &hook_.manifest;
    if (IsAt({"hooks", "", "events", ""})) return &hook_.events.emplace_back();
    if (IsAt({"hooks", "", "delete_policies", ""})) return &hook_.delete_policies.emplace_back();
    if (IsAt({"hooks", "", "last_run", "started_at"})) return &hook_.started_at;
    if (IsAt({"hooks", "", "last_run", "completed_at"})) return &hook_.completed_at;
    if (IsAt({"hooks", "", "last_run", "phase"})) return &hook_.phase;
    return nullptr;
  }

  int* NumberTarget() override { return IsAt({"hooks", "", "weight"}) ? &hook_.weight : nullptr; }

  bool Left() override {
    if (path().empty()) complete_ = true;
    if (IsAt({"hooks", ""})) content_.hooks.push_back(std::exchange(hook_, {}));
    return content_.hooks.size() <= kMostHooks;
  }

  ReleaseContent content_;
  ReleaseHook hook_;
  bool complete_ = false;
};

// Has `reader` read a body, taking it apart on the way.
void Parse(std::string_view data, std::size_t limit, PathReader& reader) {
  BodyBuffer buffer(data, limit);
  std::istream stream(&buffer);
  Json::sax_parse(stream, &reader);
}

absl::StatusOr<std::string> Deflate(const std::string& text) {
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return absl::ResourceExhaustedError("no memory to pack a release");
  }
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) return absl::InternalError("packing a release failed");
  return packed;
}

}  // namespace

absl::StatusOr<ReleaseBody> ReadReleaseBody(std::string_view data, std::size_t limit) {
  BodyReader reader;
  Parse(data, limit, reader);
  if (!reader.complete()) return NotARelease("not JSON with info and chart.metadata");
  return reader.Take();
}

absl::StatusOr<ReleaseContent> ReadReleaseContent(std::string_view data, std::size_t limit) {
  ContentReader reader;
  Parse(data, limit, reader);
  if (!reader.complete()) return NotARelease("not JSON, or too large");
  return reader.Take();
}

absl::StatusOr<ReleaseValues> ReadReleaseValues(std::string_view data, std::size_t limit) {
  bool in_chart = false;
  const auto keep = [&in_chart](int depth, nlohmann::json::parse_event_t event,
                                const nlohmann::json& parsed) {
    if (event != nlohmann::json::parse_event_t::key) return true;
    if (depth == 1) in_chart = parsed == "chart";
    if (depth == 1) return in_chart || parsed == "config";
    return depth != 2 || !in_chart || parsed == "values";
  };
  BodyBuffer buffer(data, limit);
  std::istream stream(&buffer);
  nlohmann::json release = nlohmann::json::parse(stream, keep, /*allow_exceptions=*/false);
  if (!release.is_object()) return NotARelease("not a JSON object");
  ReleaseValues values{.user = nlohmann::json::object(), .defaults = nlohmann::json::object()};
  if (auto user = release.find("config"); user != release.end() && user->is_object()) {
    values.user = std::move(*user);
  }
  nlohmann::json& chart = release["chart"];
  if (chart.is_object() && chart.contains("values") && chart["values"].is_object()) {
    values.defaults = std::move(chart["values"]);
  }
  return values;
}

absl::StatusOr<std::string> WithStatus(std::string_view data, std::string_view status,
                                       std::string_view description) {
  BodyBuffer buffer(data, kLargestBody);
  std::istream stream(&buffer);
  Json release = Json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!release.is_object() || !release.contains("info") || !release["info"].is_object()) {
    return NotARelease("not JSON with info");
  }
  release["info"]["status"] = status;
  release["info"]["description"] = description;
  std::string text = release.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (buffer.is_gzip()) {
    ASSIGN_OR_RETURN(text, Deflate(text));
  }
  return absl::Base64Escape(absl::Base64Escape(text));
}

}  // namespace berth::helm
