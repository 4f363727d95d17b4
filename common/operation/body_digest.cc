#include "common/operation/body_digest.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <string_view>

#include "berth/operation/v1/run_options.pb.h"

namespace berth::operation {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;

constexpr std::size_t kContractVersionBytes = 8;

std::string Hexadecimal(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string Deterministic(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream sink(&bytes);
  google::protobuf::io::CodedOutputStream coded(&sink);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// Leaves what says how to call, not what to do.
std::unique_ptr<Message> Comparable(const Message& request) {
  std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  copy->DiscardUnknownFields();
  const google::protobuf::Reflection& reflection = *copy->GetReflection();
  if (const FieldDescriptor* token = copy->GetDescriptor()->FindFieldByName("consistency_token")) {
    reflection.ClearField(copy.get(), token);
  }
  const FieldDescriptor* run = copy->GetDescriptor()->FindFieldByName("run");
  if (run != nullptr && run->message_type() == v1::RunOptions::descriptor()) {
    auto& options = static_cast<v1::RunOptions&>(*reflection.MutableMessage(copy.get(), run));
    options.clear_request_id();
    options.clear_detach();
    options.clear_validate_only();
  }
  return copy;
}

void CollectFiles(const FileDescriptor& file, std::set<std::string>& seen, std::string& text) {
  if (!seen.insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  text += Deterministic(proto);
  for (int i = 0; i < file.dependency_count(); ++i) {
    CollectFiles(*file.dependency(i), seen, text);
  }
}

}  // namespace

BodyDigest DigestOf(const IdempotencyKey& key, const Message& request) {
  const std::string bytes = Deterministic(*Comparable(request));
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(), &size);
  return {.body = Hexadecimal(digest.data(), size),
          .key_id = key.id,
          .contract_version = ContractVersion(*request.GetDescriptor())};
}

bool MayBeSameRequest(const BodyDigest& recorded, const BodyDigest& asked) {
  const bool comparable = !recorded.body.empty() && recorded.key_id == asked.key_id &&
                          recorded.contract_version == asked.contract_version;
  return !comparable || recorded.body == asked.body;
}

std::string ContractVersion(const google::protobuf::Descriptor& message) {
  std::set<std::string> seen;
  std::string text;
  CollectFiles(*message.file(), seen, text);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return Hexadecimal(digest.data(), kContractVersionBytes);
}

}  // namespace berth::operation
