// What the account has room for: files are refused by it before a byte is sent. The server has the last word.

import { ask } from "../common/api.js";
import { size } from "../common/format.js";
import { t } from "../common/strings.js";

const NAME_MAX = 255;
const CONTROLS = /\p{Cc}/u;

export class Room {
  // `told` is what the page brought along: members of GET /user, and `file_count_limit`; a negative limit is none.
  constructor(told) {
    this.told = told;
  }

  // Throws ApiError.
  async refresh() {
    this.told = { ...this.told, ...(await ask("GET", "/user")) };
  }

  took(bytes) {
    this.told.storage_space_used += bytes;
    this.told.file_count += 1;
  }

  // Why a file can't be taken, undefined when it can. `pending` has the files and bytes that others will take.
  refusal(file, pending) {
    return this.#fault(file) ?? this.#lack(file, pending);
  }

  // Whether that may be otherwise later.
  isFinal(file) {
    return this.#fault(file) !== undefined;
  }

  #fault({ name, size: bytes }) {
    const largest = this.told.subscription.file_size_limit;
    if (bytes === 0) return t("It is empty, and an empty file can't be uploaded");
    if ([...name].length > NAME_MAX) return t("Its name is longer than {count} characters", { count: NAME_MAX });
    if (CONTROLS.test(name)) return t("Its name has control characters in it");
    if (largest >= 0 && bytes > largest) {
      const sizes = { size: size(bytes), limit: size(largest) };
      return t("It is too large: {size}. Your plan takes files of up to {limit}", sizes);
    }
  }

  #lack({ size: bytes }, pending) {
    const { subscription, storage_space_used: used, file_count: count, file_count_limit: most } = this.told;
    const space = subscription.storage_space;
    if (space >= 0 && used + pending.bytes + bytes > space) {
      const left = Math.max(0, space - used - pending.bytes);
      return t("There is no room for its {size}: {left} are left", { size: size(bytes), left: size(left) });
    }
    if (most >= 0 && count + pending.files >= most) {
      return t("The account holds as many files as its plan allows. Delete some");
    }
  }
}
