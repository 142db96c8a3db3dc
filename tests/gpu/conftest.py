from tests.support.native import native as native
